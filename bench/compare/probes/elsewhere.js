/** What other requests, other devices and other applications do meanwhile. */
import { dataOf, inTime, isIn } from "../site.js";

export const revoked = {
  name: "ended elsewhere",
  promise: "a session that another device ends is over at once",
  rule: "A user is signed in on two devices and ends all other sessions on one of them, by the library's own call. The next request of the other device must be signed out, and the first device still signed in.",
  async run(site) {
    const lost = await site.visitor();
    const kept = await site.visitor();
    const { status, body } = await kept.get("/end-others");
    if (status !== 200) throw new Error(`/end-others: ${status}, ${body}`);
    await site.store.settled();
    if (await isIn(lost)) return { pass: false, fact: "still signed in" };
    return (await isIn(kept)) ? { pass: true, fact: "signed out" } : { pass: false, fact: "both signed out" };
  },
};

export const stale = {
  name: "stale read",
  promise: "a request reads what the request before it has stored",
  rule: "Two clients have the same cookie. One sets a key. The other, with the cookie it had before, must read it.",
  async run(site) {
    const visitor = await site.visitor();
    const other = visitor.copy();
    // What fills a cache, where there is one.
    await visitor.get("/read");
    await other.get("/set?key=a");
    await site.store.settled();
    const { a } = await dataOf(visitor);
    return { pass: a === "set", fact: a === "set" ? "the new data" : "the old data" };
  },
};

export const openConnection = {
  name: "open connection",
  promise: "a logout ends the connections that its session holds open",
  rule: "A signed-in browser holds an event stream open, and logs out in another request. The stream must end within two seconds.",
  async run(site) {
    const visitor = await site.visitor();
    const { part, answer } = visitor.copy().open("/events");
    await part;
    await site.signOut(visitor);
    const ended = await inTime(answer, 2000);
    site.goOn();
    await answer;
    return { pass: ended, fact: ended ? "ended" : "stays open" };
  },
};

const LIMIT = 2;
const AT_ONCE = 6;

export const limit = {
  name: "session limit",
  promise: "of many sign-ins at once, as many sessions live as a user may have",
  rule: "A user may have two sessions, by the library's own option. Six browsers sign in at once: all six have read before any of them writes. Two of them must be signed in afterwards.",
  settings: { perUser: LIMIT },
  async run(site) {
    const browsers = Array.from({ length: AT_ONCE }, () => site.client());
    const held = site.store.hold("write", AT_ONCE);
    const all = browsers.map((browser) => browser.get("/login"));
    await inTime(held.reached);
    held.open();
    await Promise.all(all);
    await site.store.settled();
    let live = 0;
    for (const browser of browsers) if (await isIn(browser)) live++;
    return { pass: live === LIMIT, fact: `${live} live` };
  },
};

export const applications = {
  name: "two applications",
  promise: "a cookie of one application opens nothing in another on the same store",
  rule: "Two applications have one store, and each has its own cookie name, secret and key prefix, where there are such. The value of a cookie of the first is sent to the second, under the name of the second. It must not be signed in there.",
  async run(site) {
    const visitor = await site.visitor();
    const own = await site.stranger();
    await site.signIn(own);
    const crossed = await isIn(visitor.under(own));
    return { pass: !crossed, fact: crossed ? "signed in" : "nothing" };
  },
};
