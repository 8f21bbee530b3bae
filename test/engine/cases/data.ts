import assert from "node:assert/strict";
import { update } from "micropie/core/update";
import { DataError } from "micropie/errors";
import { found } from "micropie/testing/world";
import type { EngineCase } from "../world.ts";

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

/** What may be in a session, and what becomes of the rest. */
export const dataCases: readonly EngineCase[] = [
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
    name: "a value that cannot be stored is an error that names its key, and what was stored stays as it was",
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
    name: "a session over the size limit is an error that names its largest key, and what was stored stays as it was",
    async run({ sessions, visitor }) {
      const ann = await visitor({ visits: 1 }, sessions({ maxBytes: 1000 }));
      for (const size of [1000, 20_000]) {
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
    name: "of a hundred parallel requests that each add 60 kB, one is stored and the others are errors that name a key",
    async run(world) {
      const { environment, sessions, visitor } = world;
      const ways = [
        (session: object, key: string, value: string) => void Object.assign(session, { [key]: value }),
        (session: object, key: string, value: string) =>
          update(session as never, key as never, () => value as never),
      ];
      for (const [n, way] of ways.entries()) {
        const ann = await visitor({ visits: 1 }, sessions({ maxBytes: 65_536, backendTimeout: 60 }));
        const requests = Array.from({ length: 100 }, async (_, at) => {
          const key = `key${at}`;
          const done = ann.request((session) => way(session, key, "x".repeat(60_000 + at)));
          return done.then(
            () => [key],
            (error: DataError) => {
              // An update names the largest key, whose it may be.
              refusal("too_large", n === 0 ? key : error.key)(error);
              return [];
            },
          );
        });
        const kept = (await environment.run(Promise.all(requests))).flat();
        assert.equal(kept.length, 1);
        const [key = ""] = kept;
        assert.deepEqual(await found(ann), { visits: 1, [key]: "x".repeat(60_000 + Number(key.slice(3))) });
      }
    },
  },
  {
    promise: "B1",
    name: "a change to a value after the request reaches neither the store nor another request",
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
