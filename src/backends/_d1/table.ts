import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { sqliteTable } from "../_sql/sqlite-table.ts";
import type { D1Like } from "./like.ts";

/** Returns whether a statement failed because the table, or one of its columns, is missing. */
export function isTableError(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return /no such (table|column)|has no column named/.test(message);
}

/**
 * Creates the table in one transaction: of several isolates that find it missing at once, one creates it and the others
 * find it done. Throws ConfigError, and changes nothing, if there is a table of this name with other columns.
 */
export async function prepareTable(db: D1Like, table: string): Promise<void> {
  const [create = "", ...rest] = sqliteTable(table);
  // Fails, and with it the whole transaction, if a table that was there before lacks one of the columns.
  const check = `SELECT ${COLUMNS.join(", ")} FROM "${table}" LIMIT 0`;
  try {
    await db.batch([create, check, ...rest].map((sql) => db.prepare(sql)));
  } catch (error) {
    if (!isTableError(error)) throw error;
    const problem = `the database has a table "${table}" that is not for sessions, or was changed`;
    throw new ConfigError("backend", `${problem}. Choose another name with the option \`table\`.`, {
      cause: error,
    });
  }
}
