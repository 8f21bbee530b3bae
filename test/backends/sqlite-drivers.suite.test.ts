import { type SqliteLike, SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { driver } from "../_drivers.ts";
import { newPatch, newRecord } from "./_records.ts";

type Handle = SqliteLike & { close(): void; defaultSafeIntegers(on: boolean): unknown };
const BetterSqlite3 = driver<new (path: string) => Handle>("better-sqlite3");

const handles: Record<string, () => Handle> = {
  "better-sqlite3": () => new BetterSqlite3(":memory:"),
  "better-sqlite3 with bigints"() {
    const database = new BetterSqlite3(":memory:");
    database.defaultSafeIntegers(true);
    return database;
  },
};

describe.each(Object.entries(handles))("SqliteSessionBackend on a handle of %s", (_, open) => {
  const create = () => {
    const database = open();
    return { backend: new SqliteSessionBackend(database), close: () => database.close() };
  };
  for (const { name, run } of backendSuite({ create })) test(name, run);

  test("answers at once, and leaves the handle open and as it was", () => {
    const database = open();
    database.exec("PRAGMA user_version = 7");
    const backend = new SqliteSessionBackend(database);
    expect(backend.create("a", newRecord())).toBe(true);
    expect(backend.patch("a", newPatch({ x: 1 }, { ifVersion: 1 }))).toBe("ok");
    backend.close();
    expect(Number(Object.values(database.prepare("PRAGMA user_version").get() as object)[0])).toBe(7);
    database.close();
  });

  test("inside of the owner's transaction, sessions are written and undone with it", () => {
    const database = open();
    const backend = new SqliteSessionBackend(database);
    database.exec("BEGIN");
    backend.create("a", newRecord());
    expect(backend.patch("a", newPatch({ x: 1 }, { baseVersion: 9 }))).toBe("merged");
    database.exec("ROLLBACK");
    expect(backend.read("a")).toBeUndefined();
    database.close();
  });
});
