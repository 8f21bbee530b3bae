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
  "created_at",
  "expires_at",
  "absolute_expires_at",
  "idle_timeout",
  "persistent",
  "user_id",
  "fence",
  "locked_until",
] as const;

export type SqlValue = string | number | null;

/** A row as a driver answers it. Whole numbers may be bigints. */
export interface Row {
  readonly handle: string;
  readonly data: string;
  readonly secret_hash: string;
  readonly previous_secret_hash: string | null;
  readonly previous_epoch: number | bigint;
  readonly previous_until: number;
  readonly epoch: number | bigint;
  readonly version: number | bigint;
  readonly created_at: number;
  readonly expires_at: number;
  readonly absolute_expires_at: number;
  readonly idle_timeout: number;
  readonly persistent: number | bigint;
  readonly user_id: string | null;
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
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    absoluteExpiresAt: row.absolute_expires_at,
    idleTimeout: row.idle_timeout,
    persistent: Number(row.persistent) === 1,
    userId: row.user_id,
    fence: Number(row.fence),
    lockedUntil: row.locked_until,
  };
}

/** The values of a row, in the order of COLUMNS. */
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
    record.createdAt,
    record.expiresAt,
    record.absoluteExpiresAt,
    record.idleTimeout,
    record.persistent ? 1 : 0,
    record.userId,
    record.fence,
    record.lockedUntil,
  ];
}
