import assert from "node:assert/strict";
import type { OptionCaseOn } from "./_option-cases.ts";

/** `idle` and `private`: what keeps a session alive, and what keeps its pages. */
export const keptCases: readonly OptionCaseOn[] = [
  {
    name: "idle: a request that comes by itself sees the session and does not prolong it, unless it writes",
    wanted: [{ touchThrottle: 0, mount: { idle: (path) => path.startsWith("/poll/") } }],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      stores[0]!.forget();
      assert.equal((await ann.get("/poll/read")).text, '{"visits":1}');
      assert.equal(stores[0]!.count("touch"), 0);
      assert.equal((await ann.get("/read")).text, '{"visits":1}');
      assert.equal(stores[0]!.count("touch"), 1);
      assert.equal((await ann.get("/poll/count")).text, "2");
      assert.equal((await ann.get("/read")).text, '{"visits":2}');
    },
  },
  {
    name: "idle: a prefetch does not prolong the session",
    wanted: [{ touchThrottle: 0 }],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      stores[0]!.forget();
      for (const purpose of ["prefetch", "prefetch;prerender"])
        assert.equal((await ann.get("/read", { "Sec-Purpose": purpose })).text, '{"visits":1}');
      assert.equal(stores[0]!.count("touch"), 0);
    },
  },
  ...[{ private: true }, { timeouts: "aal2" as const }, { timeouts: "aal3" as const }].map((options) => ({
    name: `private: with ${JSON.stringify(options)}, no cache keeps a page of a signed-in user`,
    wanted: [options],
    async run({ jar }: Parameters<OptionCaseOn["run"]>[0]) {
      const ann = jar();
      await ann.get("/count");
      assert.equal((await ann.get("/read")).headers["cache-control"], "private");
      await ann.get("/login");
      const { headers } = await ann.get("/read");
      assert.equal(headers["cache-control"], "no-store");
      assert.match(headers.vary ?? "", /cookie/i);
    },
  })),
  {
    name: "private: by default, a browser may keep a page of a signed-in user",
    wanted: [{}],
    async run({ jar }) {
      const ann = jar();
      await ann.get("/login");
      assert.equal((await ann.get("/read")).headers["cache-control"], "private");
    },
  },
];
