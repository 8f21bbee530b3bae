import type { StoredRecord } from "../_record.ts";
import type { SessionRecord } from "../backend.ts";
import { NOW } from "./clock.ts";

const READ = [
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
  NOW,
];

/** What `read` selects: no more than it answers, because drivers pay for each column of each answer. */
export const READ_COLUMNS: string = READ.join(", ");
/** The same, and what only the back-end needs. */
export const ALL_COLUMNS: string = [...READ, "handle", "fence", "locked_until"].join(", ");

/** Whole numbers; drivers answer large ones as bigints or texts if they are told to. */
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
  createdAt: number,
  expiresAt: number,
  absoluteExpiresAt: number,
  idleTimeout: number,
  persistent: Whole,
  userId: string | null,
  now: number,
  handle: string,
  fence: Whole,
  lockedUntil: number,
];

export function isLive(row: MysqlRow): boolean {
  return row[8] > row[13];
}

export function handleOf(row: MysqlRow): string {
  return row[14];
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
    createdAt: row[7],
    expiresAt: row[8],
    absoluteExpiresAt: row[9],
    idleTimeout: row[10],
    persistent: Number(row[11]) === 1,
    userId: row[12],
    now: row[13],
  };
}

/** Of a row with ALL_COLUMNS. */
export function toStoredRecord(row: MysqlRow): StoredRecord {
  const { now: _, ...record } = toSessionRecord(row);
  return { ...record, fence: Number(row[15]), lockedUntil: row[16] };
}
