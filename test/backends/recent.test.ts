import { expect, test } from "vitest";
import { Recent } from "../../src/backends/_recent.ts";

test("keeps what was used last, up to the weight", () => {
  const recent = new Recent<number>(10);
  for (const n of [1, 2, 3]) recent.set(`k${n}`, n, 3);
  expect(recent.get("k1")).toBe(1);
  recent.set("k4", 4, 3);
  expect([1, 2, 3, 4].map((n) => recent.get(`k${n}`))).toEqual([1, undefined, 3, 4]);
  recent.set("k3", 33, 4);
  expect([1, 3, 4].map((n) => recent.get(`k${n}`))).toEqual([1, 33, 4]);
  recent.set("k5", 5, 10);
  expect([1, 3, 4, 5].map((n) => recent.get(`k${n}`))).toEqual([undefined, undefined, undefined, 5]);
});

test("what is too heavy is not kept, nor is what it was to replace", () => {
  const recent = new Recent<number>(10);
  recent.set("a", 1, 5);
  recent.set("b", 2, 5);
  recent.set("a", 3, 11);
  expect([recent.get("a"), recent.get("b")]).toEqual([undefined, 2]);
  recent.delete("b");
  recent.delete("b");
  recent.set("c", 4, 10);
  expect(recent.get("c")).toBe(4);
});

test("a limit of 0 keeps nothing", () => {
  const recent = new Recent<number>(0);
  recent.set("a", 1, 1);
  expect(recent.get("a")).toBeUndefined();
});
