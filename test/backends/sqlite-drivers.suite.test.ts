import { type SqliteLike, SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { driver } from "../_drivers.ts";

const BetterSqlite = driver<new (path: string) => SqliteLike & { close(): unknown }>("better-sqlite3");

describe("SqliteSessionBackend on a handle of better-sqlite3", () => {
  const create = () => {
    const database = new BetterSqlite(":memory:");
    return { backend: new SqliteSessionBackend(database), close: () => void database.close() };
  };
  for (const { name, run } of backendSuite({ create })) test(name, run);
});
