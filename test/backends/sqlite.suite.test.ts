import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite, type TestStore } from "micropie/testing";
import { describe, test } from "vitest";
import { engineSuite } from "../engine/suite.ts";

function aFile(): TestStore {
  const directory = mkdtempSync(join(tmpdir(), "micropie-"));
  const another = () => new SqliteSessionBackend(join(directory, "sessions.sqlite"));
  return { backend: another(), another, close: () => rmSync(directory, { recursive: true }) };
}

function inMemory(): TestStore {
  const database = new DatabaseSync(":memory:");
  return { backend: new SqliteSessionBackend(database), close: () => database.close() };
}

describe("SqliteSessionBackend on a file", () => {
  for (const { name, run } of backendSuite({ create: aFile })) test(name, run);
});

describe("SqliteSessionBackend on a handle of node:sqlite", () => {
  for (const { name, run } of backendSuite({ create: inMemory })) test(name, run);
});

describe("the engine on SqliteSessionBackend", () => {
  for (const { name, run } of engineSuite({ create: inMemory })) test(name, run);
});
