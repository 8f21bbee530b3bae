import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { sqliteTable } from "../_sql/sqlite-table.ts";
import type { SqliteLike } from "./like.ts";

/**
 * Creates the table if it is missing, in one transaction: of several processes that start at once, one creates it and
 * the others find it done. Throws ConfigError if the table has other columns, and the driver's error if it cannot be written.
 */
export function prepareTable(db: SqliteLike, table: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    const rows = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[];
    const columns = rows.map((row) => row.name);
    if (columns.length > 0 && COLUMNS.some((name) => !columns.includes(name))) {
      const problem = `the database has a table "${table}" that is not for sessions, or was changed`;
      throw new ConfigError("backend", `${problem}. Choose another name with the option \`table\`.`);
    }
    for (const statement of sqliteTable(table)) db.exec(statement);
    // Deletes nothing, but fails now if the file cannot be written.
    db.exec(`DELETE FROM "${table}" WHERE handle = ''`);
    db.exec("COMMIT");
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function rollBack(db: SqliteLike): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full; the first error says why.
  }
}
