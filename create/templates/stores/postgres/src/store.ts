import { PostgresSessionBackend } from "micropie/backends/postgres";
import { Pool } from "pg";
import type { Store } from "./sessions.ts";

/** Sessions in PostgreSQL, for any number of machines. The table `sessions` is made if it is missing. */
export async function openStore(): Promise<Store> {
  const pool = new Pool({
    connectionString: process.env.DATABASE_URL || "postgres://localhost:5432/postgres",
    connectionTimeoutMillis: 3000,
    query_timeout: 5000,
  });
  // Without this, a lost connection ends the process.
  pool.on("error", (error) => console.error("PostgreSQL:", error.message));
  const backend = new PostgresSessionBackend(pool);
  await backend.ready();
  return { backend, close: () => pool.end() };
}
