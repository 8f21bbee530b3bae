import { existsSync } from "node:fs";
import { SqliteSessionBackend } from "../../backends/sqlite.ts";
import { Problem } from "../problem.ts";
import type { StoreUrl } from "./store-url.ts";

/** Opens a file that has sessions. Throws `Problem` for any other, which is left as it is. */
export function openSqlite(
  { path, option }: Pick<StoreUrl, "path" | "option">,
  table: string,
): SqliteSessionBackend {
  if (!existsSync(path)) throw new Problem(`there is no file ${path}. Correct ${option}.`);
  const tables = tablesIn(path);
  if (tables.includes(table)) return new SqliteSessionBackend(path, { table, pruneInterval: 0 });
  const has = tables.length === 0 ? "it has no tables" : `it has ${tables.join(", ")}`;
  throw new Problem(`${path} has no table ${table}; ${has}. Say which one has the sessions: --table.`);
}

function tablesIn(path: string): string[] {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  let db: InstanceType<typeof DatabaseSync> | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    db.exec("PRAGMA busy_timeout = 5000");
    const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    return rows.map(({ name }) => String(name));
  } catch (error) {
    throw new Problem(`${path} cannot be read as an SQLite database: ${(error as Error).message}.`);
  } finally {
    db?.close();
  }
}
