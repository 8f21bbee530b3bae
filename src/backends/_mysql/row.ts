import type { UserSession } from "../../record/contract.ts";
import { type StoredRecord, snapshot } from "../../record/record.ts";
import { COLUMNS, type Row, type SqlValue, toValues } from "../_sql/row.ts";
import { TIMES } from "./statements.ts";

/** A row as it was when the server's clock showed `now`. */
export interface LiveRow extends Row {
  readonly now: number;
}

/** Returns a row as `listByUser` and `scan` do. */
export function seen(row: LiveRow): UserSession {
  return { handle: row.handle, record: snapshot(row, row.now) };
}

/** Returns the values of a record whose times are seconds from now; 0 is no time. */
export function momentValues(handle: string, record: StoredRecord): SqlValue[] {
  const values = toValues(handle, record);
  return COLUMNS.flatMap((column, n) => {
    const value = values[n]!;
    return TIMES.includes(column) ? [value === 0 ? 0 : 1, value] : [value];
  });
}

/** Returns the values for `isOfUser` in statements.ts. */
export function ofUser(userId: string): SqlValue[] {
  return [userId, new TextEncoder().encode(userId).length];
}
