/**
 * Returns the statements that create the table in SQLite's dialect; running them again does nothing. A file and D1 have
 * the same, so that an export of D1 is a file for SQLite.
 */
export function sqliteTable(table: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS "${table}" (
  handle TEXT NOT NULL PRIMARY KEY,
  data TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  previous_secret_hash TEXT,
  previous_epoch INTEGER NOT NULL,
  previous_until REAL NOT NULL,
  epoch INTEGER NOT NULL,
  version INTEGER NOT NULL,
  expires_at REAL NOT NULL,
  absolute_expires_at REAL NOT NULL,
  user_id TEXT,
  head TEXT NOT NULL,
  fence INTEGER NOT NULL,
  locked_until REAL NOT NULL
) STRICT`,
    `CREATE INDEX IF NOT EXISTS "${table}_expires_at" ON "${table}" (expires_at)`,
    `CREATE INDEX IF NOT EXISTS "${table}_user_id" ON "${table}" (user_id) WHERE user_id IS NOT NULL`,
  ];
}
