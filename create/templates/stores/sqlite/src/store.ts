import { SqliteSessionBackend } from "micropie/backends/sqlite";
import type { Store } from "./sessions.ts";

/** Sessions in a SQLite file, for all processes of one machine. */
export async function openStore(
  file: string = process.env.SESSIONS_FILE || "sessions.sqlite",
): Promise<Store> {
  // `sessions.close()` closes the file.
  return { backend: new SqliteSessionBackend(file), close: async () => {} };
}
