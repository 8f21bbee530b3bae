import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendSuite, type TestStore } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { MapBackend } from "../../examples/map-backend.ts";
import { SqlBackend } from "../../examples/sql-backend.ts";

/** By two instances on one file. */
function onAFile(): TestStore {
  const directory = mkdtempSync(join(tmpdir(), "micropie-"));
  const another = (): SqlBackend => new SqlBackend(join(directory, "sessions"));
  return { backend: another(), another, close: () => rmSync(directory, { recursive: true }) };
}

describe("compare-and-swap over a Map", () => {
  for (const { name, run } of backendSuite({ create: () => ({ backend: new MapBackend() }) }))
    test(name, run);
});

describe("all of the contract over raw SQL", () => {
  for (const { name, run } of backendSuite({ create: onAFile })) test(name, run);
});

test.each([
  ["map-backend.ts", 25],
  ["sql-backend.ts", 100],
])("the back-end in examples/%s has at most %i lines of code", (file, most) => {
  const text = readFileSync(new URL(`../../examples/${file}`, import.meta.url), "utf8");
  const backend = text.replace(/\/\*\*[\s\S]*?\*\//g, "").split("\nclass Visits")[0]!;
  const lines = backend.split("\n").filter((line) => !/^\s*(\/\/|$)/.test(line));
  expect(lines.length).toBeGreaterThan(most / 2);
  expect(lines.length).toBeLessThanOrEqual(most);
});
