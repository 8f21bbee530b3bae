// Opens a file of SQLite, as the first server on this runtime would, and prints what is wrong with it: start.ts FILE
import { SqliteSessionBackend } from "micropie/backends/sqlite";

try {
  new SqliteSessionBackend(process.argv[2] ?? "", { busyTimeout: 0 }).close();
} catch (error) {
  console.log((error as Error).message);
}
