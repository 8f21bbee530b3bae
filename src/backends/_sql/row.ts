import type { StoredRecord } from "../_record.ts";

/** The columns of every SQL back-end, in the order in which rows are written. */
export const COLUMNS = [
  "handle",
  "data",
  "secret_hash",
  "previous_secret_hash",
  "previous_epoch",
  "previous_until",
  "epoch",
  "version",
  "expires_at",
  "absolute_expires_at",
  "user_id",
  "head",
  "fence",
  "locked_until",
] as const;

export type SqlValue = string | number | null;

/** Returns the values of a row, in the order of COLUMNS. */
export function toValues(handle: string, record: StoredRecord): SqlValue[] {
  return [
    handle,
    record.data,
    record.secretHash,
    record.previousSecretHash,
    record.previousEpoch,
    record.previousUntil,
    record.epoch,
    record.version,
    record.expiresAt,
    record.absoluteExpiresAt,
    record.userId,
    record.head,
    record.fence,
    record.lockedUntil,
  ];
}
