import assert from "node:assert/strict";
import { setKey } from "../../core/session.ts";
import { update } from "../../core/update.ts";
import { DataError } from "../../errors.ts";
import { type Case, found } from "../world.ts";

class Account {
  owner = "ann";
}

const loop: Record<string, unknown> = {};
loop.self = loop;

/** What no session can hold, since it would not come back as what it was. */
const REFUSED: Record<string, unknown> = {
  "a function": () => 1,
  "a symbol": Symbol("s"),
  "a cycle": loop,
  "an instance of a class": new Account(),
  "a WeakMap": new WeakMap(),
  "an error": new Error("e"),
  "a function deep inside": { a: [{ b: new Map([["c", () => 1]]) }] },
};

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

/** What is in a session comes back as what it was. */
export const dataCases: readonly Case[] = [
  {
    promise: "S8",
    name: "dates, maps, sets, big numbers, bytes and the odd values of JavaScript come back as what they were",
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
      assert.deepEqual(await found(ann), values);
      await ann.request((session) => (session.map as Map<unknown, unknown>).set("b", 2));
      assert.equal(((await found(ann)) as typeof values).map.get("b"), 2);
    },
  },
  {
    promise: "S7",
    name: "__proto__, constructor and other odd keys are data, and no prototype changes",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      for (const key of KEYS) await ann.request((session) => setKey(session, key, { polluted: key }));
      // Once more from an older version, so that stores that merge do it with these keys too.
      const slow = await ann.begin();
      await ann.request((session) => setKey(session, "visits", 2));
      for (const key of KEYS) setKey(slow, key, { polluted: `${key}!` });
      await ann.end(slow);
      const session = await ann.begin();
      assert.deepEqual(Object.keys(session).sort(), ["visits", ...KEYS].sort());
      for (const key of KEYS)
        assert.deepEqual(Object.getOwnPropertyDescriptor(session, key)?.value, { polluted: `${key}!` });
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
      for (const key of KEYS) setKey(session, key, undefined);
      await ann.end(session);
      assert.deepEqual(await found(ann), { visits: 2 });
    },
  },
  {
    promise: "S7",
    name: "a __proto__ inside a value stays a key of that value",
    async run({ visitor }) {
      const value: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}');
      const ann = await visitor({ profile: value });
      const { profile } = (await found(ann)) as { profile: object };
      assert.deepEqual(Object.keys(profile), ["__proto__", "constructor"]);
      assert.equal((profile as { admin?: unknown }).admin, undefined);
      assert.equal(({} as { admin?: unknown }).admin, undefined);
    },
  },
  {
    promise: "S8",
    name: "every text comes back as it was, as a value and as a part of one",
    async run({ visitor }) {
      const ann = await visitor({
        texts: TEXTS,
        ...Object.fromEntries(TEXTS.map((text, n) => [`t${n}`, text])),
      });
      const data = (await found(ann)) as Record<string, unknown>;
      assert.deepEqual(data.texts, TEXTS);
      for (const [n, text] of TEXTS.entries()) assert.equal(data[`t${n}`], text);
    },
  },
  {
    promise: "S8",
    name: "a value that cannot be stored is refused by its key, and what was stored stays as it was",
    async run({ sessions, visitor }) {
      const ann = await visitor({ visits: 1, name: "Ann" });
      for (const [what, value] of Object.entries(REFUSED)) {
        for (const begin of [() => ann.begin(), async () => sessions().load(undefined)]) {
          const session = await begin();
          session.visits = 2;
          session.wrong = value;
          await assert.rejects(ann.end(session), refusal("unsupported", "wrong"), what);
        }
        const updating = ann.request((session) => update(session, "wrong", () => value));
        await assert.rejects(updating, refusal("unsupported", "wrong"), what);
        assert.deepEqual(await found(ann), { visits: 1, name: "Ann" }, what);
      }
    },
  },
  {
    promise: "S8",
    name: "a session over the size limit is refused by its largest key, and what was stored stays as it was",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      for (const size of [70_000, 10_000_000]) {
        const large = ann.request((session) => {
          Object.assign(session, { visits: 2, small: "s", blob: "x".repeat(size) });
        });
        await assert.rejects(large, refusal("too_large", "blob"));
        const updating = ann.request((session) => update(session, "blob", () => "é".repeat(size / 2)));
        await assert.rejects(updating, refusal("too_large", "blob"));
      }
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "S8",
    name: "a session just under the size limit is kept whole, also when it is merged",
    async run({ visitor }) {
      const big = "é".repeat(15_000);
      const ann = await visitor({ visits: 1 });
      const slow = await ann.begin();
      await ann.request((session) => Object.assign(session, { one: big }));
      slow.two = big;
      await ann.end(slow);
      assert.deepEqual(await found(ann), { visits: 1, one: big, two: big });
    },
  },
  {
    promise: "B1",
    name: "what happens to a value after the request does not reach the store, nor another request",
    async run({ visitor }) {
      const ann = await visitor({ cart: ["tea"] });
      const [one, two] = [await ann.begin(), await ann.begin()];
      one.cart?.push("milk");
      assert.deepEqual(two.cart, ["tea"]);
      await ann.end(one);
      one.cart?.push("poison");
      assert.deepEqual(await found(ann), { cart: ["tea", "milk"] });
    },
  },
];

function refusal(code: string, key: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DataError, String(error));
    assert.deepEqual([error.code, error.key], [code, key]);
    assert.ok(error.message.includes(key));
    return true;
  };
}
