import { expect, test } from "vitest";
import { decoded, encode } from "../../src/core/codec.ts";

function roundTrip(data: Record<string, unknown>): Record<string, unknown> {
  return decoded(encode(data));
}

test("plain data is stored as plain JSON", () => {
  expect(encode({ a: 1, b: ["x", null, { c: true }] })).toBe('{"a":1,"b":["x",null,{"c":true}]}');
});

test("rich values come back as what they were", () => {
  const data = {
    date: new Date(0),
    map: new Map<unknown, unknown>([["k", new Set([1n])]]),
    big: 2n ** 80n,
    bytes: new Uint8Array([1, 2, 3]),
    buffer: Buffer.from("hello"),
    floats: new Float64Array([1.5, Number.NaN]),
    url: new URL("https://example.com/?q=1"),
    regexp: /a\/b/gi,
    not: Number.NaN,
    minus: -0,
    far: Number.POSITIVE_INFINITY,
    nested: { list: [undefined, new Date(1)] },
  };
  const back = roundTrip(data);
  expect({ ...back }).toEqual(data);
  expect(Object.is(back.minus, -0)).toBe(true);
  expect(Buffer.isBuffer(back.buffer)).toBe(true);
  expect(Buffer.isBuffer(back.bytes)).toBe(false);
});

test("the rest of the memory behind a view is not stored", () => {
  const memory = new Uint8Array(64).fill(7);
  const text = encode({ view: memory.subarray(8, 10) });
  expect(text.length).toBeLessThan(80);
  expect(roundTrip({ view: memory.subarray(8, 10) }).view).toEqual(new Uint8Array([7, 7]));
});

test("data that looks like the tag of a rich value stays data", () => {
  const data = { a: { $rich: [["Date", "2020"]] }, b: { inner: { $rich: 1 } }, $rich: "x" };
  expect({ ...roundTrip(data) }).toEqual(data);
});

test("an undefined value is no value", () => {
  expect(encode({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test("prototype names are keys like any other", () => {
  const data = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"a":{"__proto__":{"x":1}}}') as Record<
    string,
    unknown
  >;
  const back = roundTrip(data);
  expect(Object.keys(back)).toEqual(["__proto__", "constructor", "a"]);
  expect((back as { admin?: boolean }).admin).toBeUndefined();
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect((back.a as { x?: number }).x).toBeUndefined();
});

class Cart {
  items = 1;
}
class Odd extends Map {}
const cycle: { self?: unknown } = {};
cycle.self = cycle;
const holes = [1];
holes[2] = 3;

test.each<[string, unknown]>([
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a class instance", new Cart()],
  ["a subclass of Map", new Odd()],
  ["a cycle", cycle],
  ["an array with holes", holes],
  ["a nested function", { deep: [{ f() {} }] }],
  ["a function in a Map", new Map([["f", () => 1]])],
  ["a promise", Promise.resolve()],
  ["a WeakMap", new WeakMap()],
  ["an error", new Error("x")],
  ["an invalid date", new Date(Number.NaN)],
  ["a toJSON of its own", { toJSON: () => 1 }],
  ["symbol keys", { [Symbol("k")]: 1 }],
  ["__proto__ inside a rich value", { d: new Date(), o: JSON.parse('{"__proto__":1}') }],
])("%s is refused by the name of its key", (_what, value) => {
  expect(() => encode({ fine: 1, odd: value })).toThrow(
    expect.objectContaining({ name: "DataError", code: "unsupported", key: "odd" }),
  );
});

test("nesting without end is refused, not a stack overflow", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(() => encode({ deep })).toThrow(expect.objectContaining({ code: "unsupported", key: "deep" }));
});
