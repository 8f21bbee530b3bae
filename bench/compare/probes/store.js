/** What the store is asked, and what happens when it is down. */
import { isIn } from "../site.js";

export const readFails = {
  name: "read fails",
  promise: "a store that cannot be read signs nobody out",
  rule: "While the store cannot be read, a request that needs its session must fail (status 500 or above), or be answered with the session from a cache. When the store works again, the browser must still have its session.",
  async run(site) {
    if (site.stateless) return { pass: undefined, fact: "no store" };
    const visitor = await site.visitor();
    site.store.fail("read");
    const { status, body } = await visitor.get("/read");
    site.store.mend();
    const kept = await isIn(visitor);
    const cached = status === 200 && JSON.parse(body).user === "ann";
    const fact = `${status}, ${cached ? "from a cache" : kept ? "kept" : "logged out"}`;
    return { pass: (status >= 500 || cached) && kept, fact };
  },
};

export const writeFails = {
  name: "write fails",
  promise: "a failed save is an error, not a 200",
  rule: "When a save fails, the response must be an error (status 500 or above), and there must be no unhandled rejection.",
  async run(site) {
    if (site.stateless) return { pass: undefined, fact: "no store" };
    const visitor = await site.visitor();
    site.store.fail("write");
    const { status } = await visitor.get("/set?key=a");
    await site.store.settled();
    await site.nothingMore();
    const rejected = site.rejections > 0;
    return { pass: status >= 500 && !rejected, fact: `${status}${rejected ? ", rejection" : ""}` };
  },
};

export const anonymous = {
  name: "anonymous",
  promise: "a visitor who stores nothing costs no call and gets no cookie",
  rule: "A request without a cookie that reads its session and stores nothing must not call the store or set a cookie.",
  async run(site) {
    const { status, setCookie } = await site.client().get("/read");
    if (status !== 200) throw new Error(`/read: ${status}`);
    await site.store.settled();
    return quiet(site, setCookie, 0);
  },
};

export const unchanged = {
  name: "unchanged",
  promise: "a request that only reads writes nothing and sets no cookie",
  rule: "A request that only reads its session, shortly after the previous request, must cause one read, no write and no touch, and set no cookie.",
  async run(site) {
    const visitor = await site.visitor();
    const { setCookie } = await visitor.get("/read");
    await site.store.settled();
    return quiet(site, setCookie, 1);
  },
};

const PLURALS = { read: "reads", write: "writes", touch: "touches", delete: "deletes" };

function quiet(site, setCookie, reads) {
  const counts = new Map();
  for (const kind of site.store.calls) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const told = [...counts].map(([kind, count]) => `${count} ${count === 1 ? kind : PLURALS[kind]}`);
  if (setCookie.length > 0) told.push("cookie");
  const most = { read: reads };
  const pass = setCookie.length === 0 && [...counts].every(([kind, count]) => count <= (most[kind] ?? 0));
  return { pass, fact: told.join(", ") || "nothing" };
}
