import type { StoredRecord } from "../../record/record.ts";

export type SqlValue = string | number | null;

/** A row that a statement returns with RECORD. */
export interface Row extends StoredRecord {
  readonly handle: string;
}

/** The columns besides the handle, and the members of a record that they hold, in the order in which rows are written. */
const MEMBERS = {
  data: "data",
  secret_hash: "secretHash",
  previous_secret_hash: "previousSecretHash",
  previous_epoch: "previousEpoch",
  previous_until: "previousUntil",
  epoch: "epoch",
  version: "version",
  expires_at: "expiresAt",
  absolute_expires_at: "absoluteExpiresAt",
  user_id: "userId",
  head: "head",
  fence: "fence",
  locked_until: "lockedUntil",
} as const;

export const COLUMNS: readonly string[] = ["handle", ...Object.keys(MEMBERS)];

const INTEGERS: readonly string[] = ["previous_epoch", "epoch", "version", "fence"];

/** What to select for a `Row`. Integers come as floats, because drivers may return large ones as bigints or texts. */
export const RECORD: string = [
  "handle",
  ...Object.entries(MEMBERS).map(([column, member]) => {
    return `${column}${INTEGERS.includes(column) ? " + 0e0" : ""} AS ${member}`;
  }),
].join(", ");

/** Returns the values of a row, in the order of COLUMNS. */
export function toValues(handle: string, record: StoredRecord): SqlValue[] {
  return [handle, ...Object.values(MEMBERS).map((member) => record[member])];
}
