import type { NewRecord, UserSession } from "../../record/contract.ts";
import { snapshot } from "../../record/record.ts";
import type { Row, SqlValue } from "../_sql/row.ts";

/** A row as the statements return it: some have the clock, some whether the record was live, some how long it lives. */
export interface LiveRow extends Row {
  readonly now: number;
  readonly remaining: number;
  readonly live: number;
}

/** Returns a row as `listByUser` and `scan` do. */
export function seen(row: LiveRow): UserSession {
  return { handle: row.handle, record: snapshot(row, row.now) };
}

/** Returns the handles of deleted records that were live. */
export function ended(rows: readonly LiveRow[]): string[] {
  return rows.filter((row) => row.live === 1).map((row) => row.handle);
}

/** Returns the values of a new row, in the order of the parameters. */
export function freshValues(handle: string, record: NewRecord): SqlValue[] {
  const { data, secretHash, idleTimeout, absoluteTimeout, userId, head } = record;
  return [handle, data, secretHash, Math.min(idleTimeout, absoluteTimeout), absoluteTimeout, userId, head];
}
