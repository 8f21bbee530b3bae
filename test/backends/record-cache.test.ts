import { RecordCache } from "micropie/backends/_layered/record-cache";
import { newRecord, snapshot } from "micropie/backends/_record";
import { expect, test } from "vitest";
import { newRecord as made } from "./_records.ts";

/** Bytes that a record takes, as the cache counts them. */
function bytesOf(data: string, userId: string | null = null): number {
  const cache = new RecordCache(Number.POSITIVE_INFINITY, 60);
  const record = snapshot(newRecord(made({ data, userId }), 0), 0);
  cache.end(cache.begin("a", { steady: 0, wall: 0 }), record);
  expect(cache.size).toBe(1);
  return cache.bytes;
}

test("a text with one character that takes two bytes takes two for each", () => {
  expect(bytesOf(`${"x".repeat(9999)}\u4e00`) - bytesOf("x".repeat(10_000))).toBe(10_000);
});

test("a user's id counts as well", () => {
  expect(bytesOf("{}", "u".repeat(10_000)) - bytesOf("{}")).toBe(10_000);
});
