/** Old ids, damaged records, and pages for who is signed in. */
import { MEMBERS } from "../application.js";
import { isIn } from "../site.js";
import { flip } from "./cookies.js";

export const oldId = {
  name: "old id",
  promise: "the id from before a new sign-in opens nothing",
  rule: "A signed-in browser signs in again, by the library's own call. A request with the cookie from before must not be signed in.",
  async run(site) {
    const visitor = await site.visitor();
    const old = visitor.copy();
    await site.signIn(visitor);
    if (!(await isIn(visitor))) throw new Error("the second sign-in failed");
    const works = await isIn(old);
    return { pass: !works, fact: works ? "still signed in" : "nothing" };
  },
};

export const damaged = {
  name: "damaged record",
  promise: "a damaged record does not lock its browser out",
  rule: "The second half of the stored record (without a store: of the cookie) is lost. The browser sends its cookie in one more request, and then a sign-in with that cookie must work.",
  async run(site) {
    const visitor = await site.visitor();
    const browser = site.stateless ? site.forged(visitor, half) : visitor;
    site.store.damage();
    const { status } = await browser.get("/read");
    const { status: again } = await browser.get("/login");
    const works = again < 400 && (await isIn(browser));
    const fact = `${status}, ${works ? "signs in" : "locked out"}`;
    return { pass: works, fact };
  },
};

const half = (value) => value.slice(0, value.length / 2);

/** Ways to write the path that a careless guard does not recognize. */
const SPELLINGS = [
  "/members",
  "/members/",
  "//members",
  "/MEMBERS",
  "/%6dembers",
  "/none/../members",
  "/./members",
];

export const guard = {
  name: "guard",
  promise: "a guarded page stays closed, whatever is sent and whatever fails",
  rule: "A page for signed-in users, guarded as the documentation says, is asked for without a cookie, with made-up ones, by seven spellings of its path, and while the store cannot be read. It must never come, and must come to who is signed in.",
  async run(site) {
    const visitor = await site.visitor();
    const strangers = [site.client(), site.forged(visitor, () => "made-up"), site.forged(visitor, flip)];
    const asks = async (client, path) => {
      const { status, body } = await client.get(path);
      return status === 200 && body.includes(MEMBERS);
    };
    for (const stranger of strangers)
      for (const path of SPELLINGS)
        if (await asks(stranger.copy(), path)) return { pass: false, fact: `open at ${path}` };
    if (!(await asks(visitor, "/members"))) throw new Error("/members: it is closed to who is signed in");
    if (!site.stateless) {
      const unknown = site.client();
      site.store.fail("read");
      const opens = (await asks(strangers[1].copy(), "/members")) || (await asks(unknown, "/members"));
      site.store.mend();
      if (opens) return { pass: false, fact: "open in an outage" };
    }
    return { pass: true, fact: "closed" };
  },
};
