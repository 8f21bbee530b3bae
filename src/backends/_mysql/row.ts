import type { SessionRecord } from "../_contract.ts";
import type { StoredRecord } from "../_record.ts";
import { NOW } from "./clock.ts";

const READ = [
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
  NOW,
];

/** What `read` selects: no more than it returns, because drivers pay for each column of each answer. */
export const READ_COLUMNS: string = READ.join(", ");
/** The same, and what only the back-end needs. */
export const ALL_COLUMNS: string = [...READ, "handle", "fence", "locked_until"].join(", ");

/** A whole number; drivers can be configured to return large ones as bigints or texts. */
type Whole = number | bigint | string;

/** The columns of READ_COLUMNS or, with the last three, ALL_COLUMNS. */
export type MysqlRow = readonly [
  data: string,
  secretHash: string,
  previousSecretHash: string | null,
  previousEpoch: Whole,
  previousUntil: number,
  epoch: Whole,
  version: Whole,
  expiresAt: number,
  absoluteExpiresAt: number,
  userId: string | null,
  head: string,
  now: number,
  handle: string,
  fence: Whole,
  lockedUntil: number,
];

export function isLive(row: MysqlRow): boolean {
  return row[7] > row[11];
}

export function handleOf(row: MysqlRow): string {
  return row[12];
}

export function toSessionRecord(row: MysqlRow): SessionRecord {
  return {
    data: row[0],
    secretHash: row[1],
    previousSecretHash: row[2],
    previousEpoch: Number(row[3]),
    previousUntil: row[4],
    epoch: Number(row[5]),
    version: Number(row[6]),
    expiresAt: row[7],
    absoluteExpiresAt: row[8],
    userId: row[9],
    head: row[10],
    now: row[11],
  };
}

/** For a row with ALL_COLUMNS. */
export function toStoredRecord(row: MysqlRow): StoredRecord {
  const { now: _, ...record } = toSessionRecord(row);
  return { ...record, fence: Number(row[13]), lockedUntil: row[14] };
}
