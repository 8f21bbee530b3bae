/** Ids that nobody issued, cookies in double, and what goes along with a cookie. */
import { dataOf, isIn } from "../site.js";

export const forged = {
  name: "made-up id",
  promise: "a made-up id is not adopted",
  rule: "A made-up id, and the id of an ended session, are sent with a request that writes. Neither may be the id of a session afterwards.",
  async run(site) {
    const visitor = await site.visitor();
    const attempts = [site.forged(visitor, flip), site.forged(visitor, () => "made-up")];
    if (!site.stateless) {
      attempts.push(visitor.copy());
      await site.signOut(visitor);
    }
    for (const [at, attacker] of attempts.entries()) {
      const victim = attacker.copy();
      if (await isIn(attacker)) return { pass: false, fact: at < 2 ? "signed in" : "an ended one works" };
      if (site.keepsData) await attacker.get("/set?key=trap");
      if (Object.keys(await dataOf(victim)).includes("trap")) {
        return { pass: false, fact: at < 2 ? "adopted" : "an ended one is adopted" };
      }
    }
    return { pass: true, fact: "a new id" };
  },
};

/** Another value of the same shape. */
export function flip(value) {
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
    const stale = site.stateless ? site.forged(gone, flip).cookie : gone.cookie;
    if (!site.stateless) await site.signOut(gone);
    const visitor = await site.visitor();
    if (site.keepsData) await visitor.get("/set?key=a");
    const good = visitor.cookie;
    const first = await opens(site, `${good}; ${stale}`);
    const second = await opens(site, `${stale}; ${good}`);
    const fact = second ? "either way" : first ? "only the first" : "neither";
    return { pass: first && second, fact };
  },
};

/** Whether these cookies open the session of the good one, and no other. */
async function opens(site, cookies) {
  const client = site.client();
  client.raw = cookies;
  const { user, a } = await dataOf(client);
  return user === "ann" && (a === "set" || !site.keepsData);
}

export const caching = {
  name: "caches",
  promise: "a response that sets the cookie forbids shared caches",
  rule: "A response that sets the session cookie (where sessions begin at a sign-in: that of the sign-in) must forbid shared caching (no-store or private), even if the handler allowed it (public).",
  async run(site) {
    // Where sessions begin at a sign-in, it alone sets the cookie, and it may have an answer of its own.
    const { ofUsersAlone } = site;
    const answers = [ofUsersAlone ? await site.signIn(site.client()) : await site.client().get("/set?key=a")];
    if (site.contender.signIn === undefined)
      answers.push(await site.client().get(ofUsersAlone ? "/login?public" : "/public"));
    if (answers.some(({ setCookie }) => setCookie.length === 0)) throw new Error("no cookie was set");
    const found = answers.map(({ headers }) => headers["cache-control"] ?? "none");
    const safe = found.map((line) => /no-store|private/.test(line) && !/public/.test(line));
    const fact = safe[0]
      ? safe[1] === false
        ? "public goes out"
        : found[0]
      : found[0] === "none"
        ? "no header"
        : found[0];
    return { pass: !safe.includes(false), fact };
  },
};
