/** The first version of the table in SQLite's dialect, of a file and of D1 alike: an export of D1 is a file for SQLite. */
export function sqliteTable(create: string, table: string): string {
  return `${create} "${table}" (
  handle TEXT NOT NULL PRIMARY KEY,
  data TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  previous_secret_hash TEXT,
  previous_epoch INTEGER NOT NULL,
  previous_until REAL NOT NULL,
  epoch INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL NOT NULL,
  absolute_expires_at REAL NOT NULL,
  idle_timeout REAL NOT NULL,
  persistent INTEGER NOT NULL,
  user_id TEXT,
  fence INTEGER NOT NULL,
  locked_until REAL NOT NULL
) STRICT`;
}
