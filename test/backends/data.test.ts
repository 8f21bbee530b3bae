import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { dictionaryOf, fromDictionary, restored, toDictionary } from "micropie/backends/_dictionary";
import { mergeData } from "micropie/record/data";
import { newRecord as stored } from "micropie/record/record";
import { expect, test } from "vitest";
import { newRecord } from "./_records.ts";

const keys = fc.oneof(
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "toString", "toJSON", "micropie", "1", ""),
);
const dataTexts = fc
  .dictionary(keys, fc.jsonValue(), { noNullPrototype: true })
  .map((data) => JSON.stringify(data));
const odd =
  '{"__proto__":{"admin":true},"constructor":1,"micropie":"mine","deep":{"__proto__":{"a":1}},"n":1}';

test("changes are merged by key, and prototype keys are data", () => {
  const set = new Map([
    ["__proto__", '{"admin":false}'],
    ["c", "3"],
  ]);
  expect(mergeData('{"a":1,"b":2,"toString":0}', { set, unset: ["b", "valueOf"] })).toBe(
    '{"a":1,"toString":0,"__proto__":{"admin":false},"c":3}',
  );
  expect(mergeData(odd, { set: new Map(), unset: ["__proto__", "deep"] })).toBe(
    '{"constructor":1,"micropie":"mine","n":1}',
  );
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

test("a record comes back from its dictionary as it was, whatever its keys", () => {
  fc.assert(
    fc.property(dataTexts, (data) => {
      const record = stored(newRecord({ data, userId: "ann" }), 1000.25);
      const copied = JSON.parse(JSON.stringify(toDictionary(record)));
      const back = fromDictionary(Object.assign({}, copied));
      expect({ ...back, data: null }).toEqual({ ...record, data: null });
      expect(isDeepStrictEqual(JSON.parse(back?.data ?? ""), JSON.parse(data))).toBe(true);
    }),
  );
});

test("ordinary keys lie flat beside one bookkeeping member, and awkward ones inside it", () => {
  const dictionary = toDictionary(stored(newRecord({ data: odd }), 1000));
  expect(Object.keys(dictionary)).toEqual(["constructor", "n", "micropie"]);
  expect(Object.getPrototypeOf(dictionary)).toBe(Object.prototype);
});

test("a dictionary without sound bookkeeping holds no record", () => {
  const good = toDictionary(stored(newRecord({ data: odd }), 1000)) as { micropie: Record<string, unknown> };
  expect(fromDictionary(good)).toBeDefined();
  for (const bad of [
    null,
    undefined,
    1,
    "text",
    [],
    {},
    { visits: 1 },
    { micropie: null },
    { micropie: [] },
  ]) {
    expect(fromDictionary(bad)).toBeUndefined();
  }
  for (const name of Object.keys(good.micropie)) {
    const wrong = name === "rest" ? ["{", 5, "[]"] : [undefined, {}, Number.NaN];
    for (const value of wrong) {
      expect(fromDictionary({ ...good, micropie: { ...good.micropie, [name]: value } })).toBeUndefined();
    }
  }
});

test("a built-in back-end keeps any other dictionary too", () => {
  expect(dictionaryOf(restored({ visits: 1 }, 60, 1000))).toEqual({ visits: 1 });
  const record = stored(newRecord(), 1000);
  expect(restored(toDictionary(record), 5000, 1000)).toEqual(record);
  expect(restored(toDictionary(record), 5, 1000).expiresAt).toBe(1005);
});
