import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect } from "vitest";
import { processCases } from "./cases.ts";

const directory = mkdtempSync(join(tmpdir(), "micropie-"));
const path = join(directory, "sessions.sqlite");

// Registered before the cases' own, so it runs after them.
afterAll(() => {
  const database = new DatabaseSync(path);
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  database.close();
  rmSync(directory, { recursive: true });
});

processCases("four processes on one SQLite file", () => ({ kind: "sqlite", path }));
