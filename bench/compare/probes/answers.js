/** What has to be done when the answer leaves. */
import { dataOf } from "../site.js";

export const firstByte = {
  name: "first byte",
  promise: "nothing is sent before the session is saved",
  rule: "While the store delays the save, no byte of the response may be sent, whether it is a redirect or a stream.",
  async run(site) {
    if (site.stateless) return { pass: undefined, fact: "no store" };
    const early = [];
    for (const way of ["redirect", "stream"]) {
      const visitor = await site.visitor();
      const held = site.store.hold("write");
      const { head, answer } = visitor.open(`/${way}`);
      let arrived = false;
      head.then(() => {
        arrived = true;
      });
      await Promise.race([head, held.reached]);
      if (!arrived) await site.nothingMore();
      if (arrived) early.push(way);
      held.open();
      site.goOn();
      const { status } = await answer;
      if (!(status < 400)) throw new Error(`/${way}: ${status}`);
      await site.store.settled();
    }
    const fact = early.length === 0 ? "held back" : early.length === 2 ? "sent early" : `${early[0]} early`;
    return { pass: early.length === 0, fact };
  },
};

export const stream = {
  name: "stream",
  promise: "a change during a stream is kept, or an error",
  rule: "A handler sets a key after the first part of its stream has arrived. The key must be stored at the end, or the handler or the client must get an error.",
  async run(site) {
    const visitor = await site.visitor();
    const { part, answer } = visitor.open("/stream");
    await part;
    site.goOn();
    const { status, body } = await answer;
    await site.store.settled();
    const { late } = await dataOf(site.uncached(visitor));
    if (late !== undefined) return { pass: true, fact: "kept" };
    if (status === "cut") return { pass: true, fact: "cut" };
    if (body.includes("an error")) return { pass: true, fact: "an error" };
    return { pass: false, fact: "lost" };
  },
};

export const dates = {
  name: "a Date",
  promise: "a Date comes back as a Date",
  rule: "A Date that one request stores must be a Date in the next request.",
  async run(site) {
    const visitor = await site.visitor();
    const { status } = await visitor.get("/date");
    await site.store.settled();
    const { body } = await visitor.get("/date/kind");
    if (status !== 200) return { pass: false, fact: `refused, ${status}` };
    return { pass: body === "a Date", fact: body };
  },
};
