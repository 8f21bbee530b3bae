/** A host that runs the application as a function and freezes it after the answer. */
import { inTime } from "../site.js";

export const serverless = {
  name: "serverless",
  promise: "in a function, the session is saved before the answer is handed over",
  rule: "The application runs as a function (serverless-http for Node's listeners, a call of fetch for others), without a socket. While the store delays the save, it may not answer, and when it answers no call of the store may be under way. The next call must read what was stored.",
  async run(site) {
    const { setCookie, status } = await site.invoke("/login");
    const cookie = pairsOf(setCookie);
    if (status !== 200 || cookie === "") throw new Error(`/login: ${status}, ${cookie}`);
    await site.store.settled();
    const held = site.store.hold("write");
    let under;
    const answer = site.invoke("/set?key=a", cookie).then((given) => {
      under = site.store.pending;
      return given;
    });
    if (!site.stateless) {
      await held.reached;
      if (await inTime(answer, 200)) {
        held.open();
        return { pass: false, fact: "answers before the save" };
      }
    }
    held.open();
    const { setCookie: changed } = await answer;
    if (under > 0) return { pass: false, fact: "leaves a call under way" };
    await site.store.settled();
    const { body } = await site.invoke("/read", pairsOf(changed) || cookie);
    const works = JSON.parse(body).a === "set";
    return { pass: works, fact: works ? "saved" : "lost" };
  },
};

function pairsOf(lines) {
  return lines.map((line) => line.split(";")[0]).join("; ");
}
