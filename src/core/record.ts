import type { NewRecord, Rotation, SessionRecord } from "../backends/backend.ts";
import { isExpired } from "./expiry.ts";
import { readHead } from "./head.ts";
import { sameHash } from "./token.ts";

/** What a presented secret is worth. Everything but `live` and `grace` is answered as "no session". */
export type Verdict =
  /** The current secret. */
  | "live"
  /** The one before a rotation with the same rights, for the few seconds that it still works. */
  | "grace"
  /** The one before a change of rights, for the few seconds in which a parallel request may still carry it. */
  | "superseded"
  /** A replaced secret after those seconds. */
  | "reused"
  | "expired"
  | "unknown";

/** Judges a record and the hash of the presented secret, once, by the store's clock. */
export function judge(record: SessionRecord, secretHash: string): Verdict {
  if (sameHash(record.secretHash, secretHash)) return isExpired(record) ? "expired" : "live";
  if (record.previousSecretHash === null || !sameHash(record.previousSecretHash, secretHash))
    return "unknown";
  if (isExpired(record)) return "expired";
  if (record.now >= record.previousUntil) return "reused";
  return record.previousEpoch === record.epoch ? "grace" : "superseded";
}

/** Whether a record read again is still good for a request that had read it before. */
export function judgeAgain(record: SessionRecord, before: SessionRecord): boolean {
  return !isExpired(record) && record.epoch === before.epoch;
}

/** The record that a back-end makes of a new one at this moment. */
export function created(record: NewRecord, now: number): SessionRecord {
  const absoluteExpiresAt = now + record.absoluteTimeout;
  return {
    data: record.data,
    secretHash: record.secretHash,
    previousSecretHash: null,
    previousEpoch: 0,
    previousUntil: 0,
    epoch: 0,
    version: 1,
    expiresAt: Math.min(now + record.idleTimeout, absoluteExpiresAt),
    absoluteExpiresAt,
    userId: record.userId,
    head: record.head,
    now,
  };
}

/** The record after a rotation by a patch with this head; `now` is the one it was applied to. */
export function rotated(
  now: SessionRecord,
  before: SessionRecord,
  rotation: Rotation,
  head: string = before.head,
): SessionRecord {
  const next = { ...now, secretHash: rotation.secretHash, previousSecretHash: before.secretHash };
  const rights = {
    epoch: before.epoch + (rotation.raiseEpoch ? 1 : 0),
    userId: rotation.userId ?? before.userId,
  };
  if (rotation.absoluteTimeout === undefined) return { ...next, ...rights, head };
  const absoluteExpiresAt = now.now + rotation.absoluteTimeout;
  const expiresAt = Math.min(now.now + readHead(head).idleTimeout, absoluteExpiresAt);
  return { ...next, ...rights, head, expiresAt, absoluteExpiresAt };
}
