/** Ids that nobody issued, cookies in double, and what goes along with a cookie. */
import { dataOf, isIn } from "../site.js";

export const forged = {
  name: "made-up id",
  promise: "a made-up id is not adopted",
  rule: "A made-up id, and the id of an ended session, are sent with a request that writes. Neither may be the id of a session afterwards.",
  async run(site) {
    const visitor = await site.visitor();
    const attempts = [visitor.forged(flip), visitor.forged(() => "made-up")];
    if (!site.stateless) {
      attempts.push(visitor.copy());
      await visitor.get("/logout");
    }
    for (const attacker of attempts) {
      const victim = attacker.copy();
      await attacker.get("/set?key=trap");
      if (Object.keys(await dataOf(victim)).includes("trap")) return { pass: false, fact: "adopted" };
    }
    return { pass: true, fact: "a new id" };
  },
};

/** Another value of the same shape. */
function flip(value) {
  const letters = [...value];
  for (const at of [6, 9, 12]) letters[at] = letters[at] === "A" ? "B" : "A";
  return letters.join("");
}

export const twice = {
  name: "two cookies",
  promise: "of an invalid and a valid cookie, the valid one is used",
  rule: "A request has an invalid and a valid cookie of the same name, as after a change of path or domain. The valid one must be used, in either order.",
  async run(site) {
    const gone = await site.visitor();
    const stale = site.stateless ? gone.forged(flip).cookie : gone.cookie;
    if (!site.stateless) await gone.get("/logout");
    const visitor = await site.visitor();
    const good = visitor.cookie;
    const first = await isInWith(site, `${good}; ${stale}`);
    const second = await isInWith(site, `${stale}; ${good}`);
    const fact = second ? "either way" : first ? "only the first" : "neither";
    return { pass: first && second, fact };
  },
};

function isInWith(site, cookies) {
  const client = site.client();
  client.raw = cookies;
  return isIn(client);
}

export const caching = {
  name: "caches",
  promise: "a response that sets the cookie forbids shared caches",
  rule: "A response that sets the session cookie must forbid shared caching (no-store or private), even if the handler allowed it (public).",
  async run(site) {
    const plain = await site.client().get("/set?key=a");
    const handled = await site.client().get("/public");
    if (plain.setCookie.length === 0 || handled.setCookie.length === 0) throw new Error("no cookie was set");
    const found = [plain, handled].map(({ headers }) => headers["cache-control"] ?? "none");
    const safe = found.map((line) => /no-store|private/.test(line) && !/public/.test(line));
    const fact = safe[0]
      ? safe[1]
        ? found[0]
        : "public goes out"
      : found[0] === "none"
        ? "no header"
        : found[0];
    return { pass: safe[0] && safe[1], fact };
  },
};
