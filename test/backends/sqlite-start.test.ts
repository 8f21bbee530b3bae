import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigError } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newRecord } from "./_records.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "micropie-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function refusal(start: () => unknown): ConfigError {
  try {
    start();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("it started");
}

test("a file that is not SQLite is named, and left as it is", () => {
  const path = join(directory, "notes.txt");
  for (const text of ["hello", "hello world ".repeat(1000)]) {
    writeFileSync(path, text);
    const error = refusal(() => new SqliteSessionBackend(path));
    expect(error).toMatchObject({ option: "backend", cause: expect.any(Error) });
    expect(error.message).toContain(`${path} is not an SQLite database`);
  }
});

test("a missing directory, and a directory in the file's place", () => {
  const missing = join(directory, "none", "sessions.db");
  expect(refusal(() => new SqliteSessionBackend(missing)).message).toMatch(/directory .* does not exist/);
  expect(refusal(() => new SqliteSessionBackend(directory)).message).toMatch(/cannot be opened/);
});

test("a file that can only be read is refused at the start, also when its table is there", () => {
  const path = join(directory, "sessions.db");
  new SqliteSessionBackend(path).close();
  expect(refusal(() => new SqliteSessionBackend(`file:${path}?mode=ro`)).message).toMatch(
    /cannot be written/,
  );
  const handle = new DatabaseSync(path, { readOnly: true });
  expect(refusal(() => new SqliteSessionBackend(handle)).message).toMatch(/cannot be written/);
  handle.close();
});

test("no space for the table", () => {
  const handle = new DatabaseSync(join(directory, "sessions.db"));
  handle.exec("CREATE TABLE theirs (x); PRAGMA max_page_count = 3");
  expect(refusal(() => new SqliteSessionBackend(handle)).message).toMatch(/no space left/);
  handle.exec("PRAGMA max_page_count = 1000");
  expect(new SqliteSessionBackend(handle).create("a", newRecord())).toBe(true);
  handle.close();
});

test("a table of somebody else is not touched; another name works beside it", () => {
  const handle = new DatabaseSync(":memory:");
  handle.exec("CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('theirs')");
  expect(refusal(() => new SqliteSessionBackend(handle)).message).toMatch(/not for sessions.*`table`/);
  expect(handle.prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "sessions" }]);
  const backend = new SqliteSessionBackend(handle, { table: "Web_Sessions" });
  expect(backend.create("a", newRecord())).toBe(true);
});

test("a table that lost a column", () => {
  const handle = new DatabaseSync(":memory:");
  new SqliteSessionBackend(handle);
  handle.exec("ALTER TABLE sessions DROP COLUMN fence");
  expect(refusal(() => new SqliteSessionBackend(handle)).message).toMatch(/was changed/);
});

test("a file that another program keeps locked", () => {
  const path = join(directory, "sessions.db");
  const other = new DatabaseSync(path);
  other.exec("BEGIN EXCLUSIVE");
  const start = () => new SqliteSessionBackend(path, { busyTimeout: 0.05 });
  expect(refusal(start).message).toMatch(/locked by another program/);
  other.exec("ROLLBACK");
  start().close();
  other.close();
});

test("wrong arguments are named", () => {
  expect(refusal(() => new SqliteSessionBackend("")).option).toBe("backend");
  expect(refusal(() => new SqliteSessionBackend({} as DatabaseSync)).option).toBe("backend");
  for (const table of ["", "a b", 'a"b', "1a", "sqlite_x", "x".repeat(61)]) {
    expect(refusal(() => new SqliteSessionBackend(":memory:", { table })).option).toBe("table");
  }
  for (const option of ["busyTimeout", "pruneInterval", "synchronous"]) {
    expect(refusal(() => new SqliteSessionBackend(":memory:", { [option]: -1 })).option).toBe(option);
  }
});
