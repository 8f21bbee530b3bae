import assert from "node:assert/strict";
import fc from "fast-check";
import { createSessions, DataError, type SessionData } from "micropie";
import { setKey } from "micropie/core/session";
import { type Browser, browser } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { stores } from "./testing/stores.ts";

class Account {
  owner = "ann";
}

const leaf = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, "__proto__", "$rich"),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
  fc.float32Array({ maxLength: 5 }),
);
const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "then",
    "$rich",
    "micropie",
    "0",
    "",
    "a.b",
  ),
);
/** Beside a Date or the like, a key `__proto__` inside a value is refused, so it is not among these. */
const innerName = name.filter((text) => text !== "__proto__");
/** Whatever a session may hold: JSON, and what comes back although JSON has no word for it. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(innerName, tie("value")), { maxLength: 4 }).map(objectOf),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie("value"), { maxLength: 3 }).map((values) => new Set(values)),
  ),
}));
const jsonName = name.filter((text) => text !== "$rich");
/** JSON, with any keys but the one that marks what JSON has no word for. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.array(fc.tuple(jsonName, tie("json")), { maxLength: 4 }).map(objectOf),
  ),
}));
const loop: unknown[] = [];
loop.push(loop);
const poison = fc.constantFrom<unknown>(
  () => 1,
  Symbol("s"),
  loop,
  new Account(),
  new WeakMap(),
  new Error("e"),
  Promise.resolve(1),
  new Date(Number.NaN),
  Object.assign([1], { extra: 1 }),
  { toJSON: () => 1 },
);

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, inner] of entries) {
    Object.defineProperty(object, key, {
      value: inner,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

/** Puts something deep into a value. */
function wrap(inner: unknown, around: readonly string[]): unknown {
  return around.reduce((within, how) => {
    if (how === "array") return [1, within];
    if (how === "map") return new Map([["k", within]]);
    if (how === "key") return new Map([[within, 1]]);
    return how === "set" ? new Set([within]) : objectOf([[how, within]]);
  }, inner);
}

async function read(ann: Browser<SessionData>): Promise<Map<string, unknown>> {
  const session = await ann.begin();
  return new Map(
    Object.keys(session).map((key) => [key, Object.getOwnPropertyDescriptor(session, key)?.value]),
  );
}

for (const [on, create] of Object.entries(stores)) {
  describe(`on ${on}`, () => {
    const open = async (data: SessionData): Promise<Browser<SessionData>> => {
      const ann = browser(createSessions({ backend: create(() => 1_000_000) }));
      await ann.request((session) => void Object.assign(session, data));
      return ann;
    };

    test("any data comes back as what it was", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.tuple(name, fc.oneof(value, json)), { maxLength: 5, selector: ([key]) => key }),
          async (entries) => {
            const ann = await open({ before: 1 });
            await ann.request((session) => {
              for (const [key, one] of entries) setKey(session, key, one);
            });
            const expected = new Map<string, unknown>([["before", 1]]);
            for (const [key, one] of entries) if (one !== undefined) expected.set(key, one);
            assert.deepEqual(await read(ann), expected);
            assert.equal(Object.keys(Object.prototype).length, 0);
          },
        ),
        { numRuns: 500 },
      );
    });

    test("what cannot come back is refused by its key, and what was stored stays", async () => {
      const path = fc.array(fc.constantFrom("array", "map", "key", "set", "a", "__proto__"), {
        maxLength: 6,
      });
      const ann = await open({ visits: 1 });
      await fc.assert(
        fc.asyncProperty(name, poison, path, async (key, bad, around) => {
          const request = ann.request((session) => {
            session.visits = 2;
            setKey(session, key, wrap(bad, around));
          });
          await assert.rejects(request, (error) => {
            assert.ok(error instanceof DataError, String(error));
            assert.deepEqual([error.code, error.key], ["unsupported", key]);
            return true;
          });
          assert.deepEqual(await read(ann), new Map([["visits", 1]]));
        }),
        { numRuns: 500 },
      );
    });

    test("anything at all is either stored whole or refused", async () => {
      const ann = await open({ visits: 1 });
      const anything = fc.anything({
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withObjectString: true,
        withSparseArray: true,
        withTypedArray: true,
      });
      await fc.assert(
        fc.asyncProperty(anything, async (thing) => {
          const before = await read(ann);
          const stored = await ann
            .request((session) => setKey(session, "thing", thing))
            .then(
              () => true,
              (error) => {
                assert.ok(error instanceof DataError, String(error));
                return false;
              },
            );
          const expected =
            stored && thing !== undefined
              ? new Map([
                  ["visits", 1 as unknown],
                  ["thing", thing],
                ])
              : before;
          if (stored && thing === undefined) expected.delete("thing");
          assert.deepEqual(await read(ann), expected);
        }),
        { numRuns: 1000 },
      );
    });
  });
}

test("whatever else a user's store answers is no session, and no error", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (garbage, kept) => {
      for (const answer of [
        garbage,
        { micropie: kept },
        { a: 1, micropie: { secretHash: "x", rest: kept } },
      ]) {
        const load = () => answer as SessionData;
        const sessions = createSessions({ backend: { load, save: () => {} } });
        const session = await sessions.load(`session_id=${"a".repeat(48)}`);
        expect({ ...session }).toEqual({});
      }
    }),
  );
});
