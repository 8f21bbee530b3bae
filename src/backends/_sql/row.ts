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

/** A row as a driver returns it. Whole numbers may be bigints. */
export interface Row {
  readonly handle: string;
  readonly data: string;
  readonly secret_hash: string;
  readonly previous_secret_hash: string | null;
  readonly previous_epoch: number | bigint;
  readonly previous_until: number;
  readonly epoch: number | bigint;
  readonly version: number | bigint;
  readonly expires_at: number;
  readonly absolute_expires_at: number;
  readonly user_id: string | null;
  readonly head: string;
  readonly fence: number | bigint;
  readonly locked_until: number;
}

export function toRecord(row: Row): StoredRecord {
  return {
    data: row.data,
    secretHash: row.secret_hash,
    previousSecretHash: row.previous_secret_hash,
    previousEpoch: Number(row.previous_epoch),
    previousUntil: row.previous_until,
    epoch: Number(row.epoch),
    version: Number(row.version),
    expiresAt: row.expires_at,
    absoluteExpiresAt: row.absolute_expires_at,
    userId: row.user_id,
    head: row.head,
    fence: Number(row.fence),
    lockedUntil: row.locked_until,
  };
}

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
