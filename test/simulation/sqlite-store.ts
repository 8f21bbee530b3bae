import { DatabaseSync, type StatementSync } from "node:sqlite";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import type { Environment } from "micropie/environment";
import { overNetwork } from "micropie/testing/_simulation/link";
import type { SimulatedStore } from "micropie/testing/simulation";

const TABLE = "simulated_sessions";

// One database for all worlds of a thread: to open one and prepare its statements takes longer than most worlds.
const database = new DatabaseSync(":memory:");
const prepared = new Map<string, StatementSync>();

const handle = {
  exec: (sql: string) => database.exec(sql),
  prepare(sql: string): StatementSync {
    const known = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, known);
    return known;
  },
};

/** The real back-end, on one connection that all servers have, and which is empty. */
export function sqliteStore(environment: Environment): SimulatedStore {
  const backend = new SqliteSessionBackend(handle, { table: TABLE });
  backend.environment = environment;
  // Its channel tells what other connections do, and here is only one.
  backend.listen = () => undefined as never;
  database.exec(`DELETE FROM ${TABLE}`);
  return { open: (place) => overNetwork(backend, place) };
}
