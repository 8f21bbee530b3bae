import type { NewRecord, Rotation, SessionRecord } from "../backends/backend.ts";

/** Returns the record that a back-end makes of a new one at this moment. */
export function createdRecord(record: NewRecord, now: number): SessionRecord {
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

/** Returns the record after a rotation at the moment of `before`. */
export function rotatedRecord(
  before: SessionRecord,
  rotation: Rotation,
  idleTimeout: number,
  head: string,
): SessionRecord {
  const { now } = before;
  const absoluteExpiresAt =
    rotation.absoluteTimeout === undefined ? before.absoluteExpiresAt : now + rotation.absoluteTimeout;
  const deadline = Math.min(now + idleTimeout, absoluteExpiresAt);
  return {
    ...before,
    secretHash: rotation.secretHash,
    previousSecretHash: before.secretHash,
    epoch: before.epoch + (rotation.raiseEpoch ? 1 : 0),
    userId: rotation.userId ?? before.userId,
    expiresAt: rotation.absoluteTimeout === undefined ? Math.max(before.expiresAt, deadline) : deadline,
    absoluteExpiresAt,
    head,
  };
}
