export type SqliteValue = string | number | null;

/** A prepared statement with the methods used here. */
export interface SqliteStatement {
  get(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint };
}

/** An open database with the methods used here: `DatabaseSync` of node:sqlite, better-sqlite3 and bun:sqlite fit. */
export interface SqliteLike {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}
