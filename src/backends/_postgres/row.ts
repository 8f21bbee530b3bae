import type { StoredRecord } from "../_record.ts";

/** A record as it was when the server's clock showed `now`. */
export interface Read {
  readonly record: StoredRecord;
  readonly now: number;
}

/** The columns of `READ` in statements.ts: the data, all numbers and hashes as one text, and the user. */
export function toRead(row: readonly unknown[]): Read {
  const [data, packed, userId] = row as [string, string, string | null];
  const part = packed.split(" ");
  return {
    record: {
      data,
      secretHash: part[12]!,
      previousSecretHash: part[13] ?? null,
      previousEpoch: Number(part[2]),
      previousUntil: Number(part[5]),
      epoch: Number(part[1]),
      version: Number(part[0]),
      createdAt: Number(part[6]),
      expiresAt: Number(part[7]),
      absoluteExpiresAt: Number(part[8]),
      idleTimeout: Number(part[9]),
      persistent: part[4] === "1",
      userId,
      fence: Number(part[3]),
      lockedUntil: Number(part[10]),
    },
    now: Number(part[11]),
  };
}
