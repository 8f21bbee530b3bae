import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type SqliteLike, SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite, type TestStore, withClock } from "micropie/testing";
import { describe, test } from "vitest";
import { driver } from "../_drivers.ts";

const BetterSqlite = driver<new (path: string) => SqliteLike & { close(): unknown }>("better-sqlite3");

const stores: Record<string, (clock: { now: () => number }) => TestStore> = {
  "a file": ({ now }) => {
    const directory = mkdtempSync(join(tmpdir(), "micropie-"));
    const another = () => withClock(new SqliteSessionBackend(join(directory, "sessions.sqlite")), now);
    return { backend: another(), another, close: () => rmSync(directory, { recursive: true }) };
  },
  "a handle of node:sqlite": ({ now }) => {
    const database = new DatabaseSync(":memory:");
    return { backend: withClock(new SqliteSessionBackend(database), now), close: () => database.close() };
  },
  "a handle of better-sqlite3": ({ now }) => {
    const database = new BetterSqlite(":memory:");
    return {
      backend: withClock(new SqliteSessionBackend(database), now),
      close: () => void database.close(),
    };
  },
};

for (const [on, create] of Object.entries(stores)) {
  describe(`SqliteSessionBackend on ${on}`, () => {
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
}
