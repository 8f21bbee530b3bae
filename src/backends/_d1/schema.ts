import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { sqliteTable } from "../_sql/sqlite-layout.ts";
import type { D1Like } from "./like.ts";

/** Each can be run again; the layout is that of `SqliteSessionBackend`, so that an export of D1 is a file for it. */
export function schemaStatements(table: string): string[] {
  return [
    sqliteTable("CREATE TABLE IF NOT EXISTS", table),
    `CREATE INDEX IF NOT EXISTS "${table}_expires_at" ON "${table}" (expires_at)`,
    `CREATE INDEX IF NOT EXISTS "${table}_user_id" ON "${table}" (user_id) WHERE user_id IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS "${table}_schema" (version INTEGER NOT NULL) STRICT`,
    `INSERT INTO "${table}_schema" SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM "${table}_schema")`,
  ];
}

/** Whether a statement failed because the table is not there, or not as it should be. */
export function isSchemaError(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return /no such (table|column)|has no column named/.test(message);
}

/**
 * Makes the table in one transaction; of several isolates that find it missing at once, one does the work and the
 * others find it done. Throws ConfigError, and leaves all as it was, if a table of this name is somebody else's.
 */
export async function prepareSchema(db: D1Like, table: string): Promise<void> {
  const [create = "", ...rest] = schemaStatements(table);
  // Fails, and with it the whole transaction, if a table that was there before lacks one of our columns.
  const check = `SELECT ${COLUMNS.join(", ")} FROM "${table}" LIMIT 0`;
  try {
    await db.batch([create, check, ...rest].map((sql) => db.prepare(sql)));
  } catch (error) {
    if (!isSchemaError(error)) throw error;
    const problem = `the database has a table "${table}" that is not ours (or was changed)`;
    throw new ConfigError("backend", `${problem}. Choose another name with the option \`table\`.`, {
      cause: error,
    });
  }
}
