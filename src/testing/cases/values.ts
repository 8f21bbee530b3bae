import assert from "node:assert/strict";
import { setKey } from "../../core/session.ts";
import { assertFound, type Case, found } from "../world.ts";

const KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "toJSON",
  "",
  " ",
  "a.b",
  "$set",
  "$rich",
  "micropie",
  "0",
  "10",
  "ключ",
  '"quoted"',
  "new\nline",
  "😀",
  "x".repeat(500),
];

const TEXTS = [
  "",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "😀",
  "𝒳",
  "ا ب",
  '"',
  "\\",
  "\u2028",
  "</script>",
  "'",
  "${x",
  "%s",
];

/** Data that a store may spoil: each value comes back as it was stored. */
export const valueCases: readonly Case[] = [
  {
    promise: "S8",
    name: "dates, maps, sets, big numbers, bytes and special values of JavaScript come back unchanged",
    async run({ visitor }) {
      const values = {
        date: new Date(1e12),
        map: new Map<unknown, unknown>([
          ["a", 1],
          [{ k: 1 }, new Set([1, "2"])],
        ]),
        set: new Set(["x", 1n]),
        big: 2n ** 70n,
        bytes: new Uint8Array([0, 255, 7]),
        odd: [undefined, null, Number.NaN, -0, Number.POSITIVE_INFINITY],
        deep: { list: [{ at: new Date(0) }], none: null },
        plain: { a: [1, "2", true, null, 1.5] },
      };
      const ann = await visitor(values);
      await assertFound(ann, values);
      await ann.request((session) => (session.map as Map<unknown, unknown>).set("b", 2));
      const { map } = (await found(ann)) as typeof values;
      assert.equal(map.get("b"), 2, "the value that was set in a map");
    },
  },
  {
    promise: "S7",
    name: "__proto__, constructor and other unusual keys are data, and no prototype changes",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      for (const key of KEYS) await ann.request((session) => setKey(session, key, { polluted: key }));
      // Once more from an older version, so that stores that merge do it with these keys too.
      const slow = await ann.begin();
      await ann.request((session) => setKey(session, "visits", 2));
      for (const key of KEYS) setKey(slow, key, { polluted: `${key}!` });
      await ann.end(slow);
      const session = await ann.begin();
      assert.deepEqual(Object.keys(session).sort(), ["visits", ...KEYS].sort(), "the keys of the session");
      for (const key of KEYS) {
        const value: unknown = Object.getOwnPropertyDescriptor(session, key)?.value;
        assert.deepEqual(value, { polluted: `${key}!` }, `the value of the key ${JSON.stringify(key)}`);
      }
      assert.equal(({} as { polluted?: unknown }).polluted, undefined, "a key of every object");
      for (const key of KEYS) setKey(session, key, undefined);
      await ann.end(session);
      await assertFound(ann, { visits: 2 });
    },
  },
  {
    promise: "S8",
    name: "every text comes back unchanged, as a value and inside a value",
    async run({ visitor }) {
      const ann = await visitor({
        texts: TEXTS,
        ...Object.fromEntries(TEXTS.map((text, n) => [`t${n}`, text])),
      });
      const data = (await found(ann)) as Record<string, unknown>;
      assert.deepEqual(data.texts, TEXTS, "the texts in an array");
      for (const [n, text] of TEXTS.entries()) assert.equal(data[`t${n}`], text, "a text that is a value");
    },
  },
  {
    promise: "S8",
    name: "a session just under the size limit is stored whole, also when two changes are merged",
    async run({ visitor }) {
      const big = "é".repeat(15_000);
      const ann = await visitor({ visits: 1 });
      const slow = await ann.begin();
      await ann.request((session) => Object.assign(session, { one: big }));
      slow.two = big;
      await ann.end(slow);
      await assertFound(ann, { visits: 1, one: big, two: big });
    },
  },
];
