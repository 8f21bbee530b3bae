import type { UserSession } from "../../record/contract.ts";
import { type StoredRecord, snapshot } from "../../record/record.ts";

/** A record as it was when the server's clock showed `now`. */
export interface Read {
  readonly record: StoredRecord;
  readonly now: number;
}

/** Reads the columns of `READ` in statements.ts: the data, all numbers and hashes as one text, the user and the head. */
export function toRead(row: readonly unknown[]): Read {
  const [data, packed, userId, head] = row as [string, string, string | null, string];
  const part = packed.split(" ");
  return {
    record: {
      data,
      secretHash: part[9]!,
      previousSecretHash: part[10] ?? null,
      previousEpoch: Number(part[2]),
      previousUntil: Number(part[4]),
      epoch: Number(part[1]),
      version: Number(part[0]),
      expiresAt: Number(part[5]),
      absoluteExpiresAt: Number(part[6]),
      userId,
      head,
      fence: Number(part[3]),
      lockedUntil: Number(part[7]),
    },
    now: Number(part[8]),
  };
}

/** Reads the same, with the handle after them. */
export function toSession(row: readonly unknown[]): UserSession {
  const { record, now } = toRead(row);
  return { handle: row[4] as string, record: snapshot(record, now) };
}
