import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { sqliteTable } from "../_sql/sqlite-layout.ts";
import type { SqliteLike } from "./like.ts";

/** Each step takes the schema from the version of its place to the next; steps are only ever added. */
const MIGRATIONS: readonly ((table: string) => string)[] = [
  (table) => `
    ${sqliteTable("CREATE TABLE", table)};
    CREATE INDEX "${table}_expires_at" ON "${table}" (expires_at);
    CREATE INDEX "${table}_user_id" ON "${table}" (user_id) WHERE user_id IS NOT NULL;`,
];

/**
 * Creates the table, or brings it to the newest version, in one transaction: of several processes that start at once
 * one does the work and the others find it done. The version is kept in a table of its own, because PRAGMA
 * user_version belongs to the database's owner. It always writes a little, so a file that cannot be written is
 * noticed at the start.
 */
export function prepareSchema(db: SqliteLike, table: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(`CREATE TABLE IF NOT EXISTS "${table}_schema" (version INTEGER NOT NULL) STRICT`);
    const row = db.prepare(`SELECT version FROM "${table}_schema"`).get() as
      | { version: unknown }
      | null
      | undefined;
    const version = row == null ? 0 : Number(row.version);
    if (version > MIGRATIONS.length) {
      throw new ConfigError("backend", `the table "${table}" was made by a newer micropie. Update this one.`);
    }
    const columns = columnsOf(db, table);
    if (version === 0 ? columns.length > 0 : COLUMNS.some((name) => !columns.includes(name))) {
      const problem = `the database has a table "${table}" that is not ours (or was changed)`;
      throw new ConfigError("backend", `${problem}. Choose another name with the option \`table\`.`);
    }
    for (const migrate of MIGRATIONS.slice(version)) db.exec(migrate(table));
    if (row == null) db.exec(`INSERT INTO "${table}_schema" VALUES (${MIGRATIONS.length})`);
    else db.exec(`UPDATE "${table}_schema" SET version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function columnsOf(db: SqliteLike, table: string): string[] {
  const rows = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[];
  return rows.map((row) => row.name);
}

function rollBack(db: SqliteLike): void {
  try {
    db.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full; the first error says why.
  }
}
