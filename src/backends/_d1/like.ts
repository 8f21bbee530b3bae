import type { SqlValue } from "../_sql/row.ts";

export interface D1Result {
  readonly results: readonly unknown[];
}

/** A prepared statement with the methods used here. */
export interface D1Statement {
  bind(...values: SqlValue[]): D1Statement;
  all(): Promise<D1Result>;
}

/** A D1 database with the methods used here: the binding of a Worker (`env.DB`) fits. */
export interface D1Like {
  prepare(sql: string): D1Statement;
  batch(statements: D1Statement[]): Promise<readonly D1Result[]>;
  /** A session of `withSession` has it, and may ask a replica. */
  getBookmark?: never;
}
