/** Requests that overlap. */
import { dataOf, inTime, isIn } from "../site.js";

export const parallel = {
  name: "parallel writes",
  promise: "two requests at once set a key each: both keys are kept",
  rule: "Two requests with the same cookie set one key each. Both read the session before either writes. Both keys must be stored afterwards.",
  async run(site) {
    const visitor = await site.visitor();
    const held = site.store.hold("write", 2);
    const first = visitor.get("/set?key=a");
    const second = visitor.get("/set?key=b");
    if (!site.stateless) await inTime(held.reached);
    held.open();
    await Promise.all([first, second]);
    await site.store.settled();
    const { a, b } = await dataOf(visitor);
    const kept = [a, b].filter((value) => value !== undefined).length;
    return { pass: kept === 2, fact: `${kept} of 2 kept` };
  },
};

export const logout = {
  name: "logout and save",
  promise: "a slow save after a logout signs nobody in again",
  rule: "While the store delays the save of one request (or, without a store, while a request runs), another request logs out. Then the save completes. Afterwards, nobody may be signed in with the cookie from before the logout.",
  async run(site) {
    const visitor = await site.visitor();
    const before = visitor.copy();
    const late = visitor.copy();
    const held = site.store.hold("write");
    const slow = late.get(site.stateless ? "/slow" : "/set?key=late");
    if (!site.stateless) await held.reached;
    const out = site.signOut(visitor);
    await inTime(out);
    held.open();
    site.hurry();
    await Promise.all([slow, out]);
    await site.store.settled();
    const back = (await isIn(before)) || (await isIn(late));
    return { pass: !back, fact: back ? "logged in again" : "stays out" };
  },
};
