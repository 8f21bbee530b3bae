import { mergeData } from "./_data.ts";
import type { NewRecord, PatchResult, SessionPatch, SessionRecord } from "./backend.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A record as a back-end keeps it: what `read` answers, and the lock that only the back-end sees. */
export interface StoredRecord extends Writable<Omit<SessionRecord, "now">> {
  /** The last fencing number that `lock` answered, 0 before the first. */
  fence: number;
  /** When its holder's time is over; 0 when it is free. */
  lockedUntil: number;
}

/** What `create` stores at this moment. */
export function newRecord(record: NewRecord, now: number): StoredRecord {
  const absoluteExpiresAt = now + record.absoluteTimeout;
  return {
    data: record.data,
    secretHash: record.secretHash,
    previousSecretHash: null,
    previousEpoch: 0,
    previousUntil: 0,
    epoch: 0,
    version: 1,
    createdAt: now,
    expiresAt: Math.min(now + record.idleTimeout, absoluteExpiresAt),
    absoluteExpiresAt,
    idleTimeout: record.idleTimeout,
    persistent: record.persistent,
    userId: record.userId,
    fence: 0,
    lockedUntil: 0,
  };
}

/** What `read` answers: a copy, so that nothing done to it reaches the store. */
export function snapshot(record: StoredRecord, now: number): SessionRecord {
  return {
    data: record.data,
    secretHash: record.secretHash,
    previousSecretHash: record.previousSecretHash,
    previousEpoch: record.previousEpoch,
    previousUntil: record.previousUntil,
    epoch: record.epoch,
    version: record.version,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
    idleTimeout: record.idleTimeout,
    persistent: record.persistent,
    userId: record.userId,
    now,
  };
}

/** Whether a live record meets the patch's conditions. */
export function meets(record: StoredRecord, patch: SessionPatch): boolean {
  return (
    record.epoch === patch.ifEpoch &&
    (patch.ifVersion === undefined || record.version === patch.ifVersion) &&
    (patch.ifSecretHash === undefined || record.secretHash === patch.ifSecretHash) &&
    (patch.ifFence === undefined || record.fence === patch.ifFence)
  );
}

/** The data after the patch: its own text if nobody wrote in between, else its changes merged into what is there. */
export function patchedData(record: { data: string; version: number }, patch: SessionPatch): string {
  return record.version === patch.baseVersion ? patch.data : mergeData(record.data, patch.changes());
}

/** Changes the record in place: all of the patch or nothing. */
export function applyPatch(record: StoredRecord, patch: SessionPatch, now: number): PatchResult {
  if (record.expiresAt <= now) return "ended";
  if (!meets(record, patch)) return "stale";
  const result = record.version === patch.baseVersion ? "ok" : "merged";
  record.data = patchedData(record, patch);
  record.version += 1;
  const { rotation } = patch;
  if (rotation !== undefined) {
    record.previousSecretHash = record.secretHash;
    record.previousEpoch = record.epoch;
    record.previousUntil = now + rotation.grace;
    record.secretHash = rotation.secretHash;
    if (rotation.raiseEpoch) record.epoch += 1;
    if (rotation.userId !== undefined) record.userId = rotation.userId;
    const { lifetime } = rotation;
    if (lifetime !== undefined) {
      record.createdAt = now;
      record.idleTimeout = lifetime.idleTimeout;
      record.absoluteExpiresAt = now + lifetime.absoluteTimeout;
      record.persistent = lifetime.persistent;
      record.expiresAt = Math.min(now + lifetime.idleTimeout, record.absoluteExpiresAt);
      return result;
    }
  }
  applyTouch(record, patch.idleTimeout, now);
  return result;
}

/** Moves the idle deadline of a live record, never back and never past the absolute one. Answers whether it moved. */
export function applyTouch(record: StoredRecord, idleTimeout: number, now: number): boolean {
  const deadline = Math.min(now + idleTimeout, record.absoluteExpiresAt);
  if (deadline <= record.expiresAt) return false;
  record.expiresAt = deadline;
  return true;
}

/** Takes the lock of a live record, unless another holder's time is not over. */
export function applyLock(record: StoredRecord, seconds: number, now: number): number | "busy" {
  if (record.lockedUntil > now) return "busy";
  record.fence += 1;
  record.lockedUntil = now + seconds;
  return record.fence;
}

/** Renews the lock or frees it with 0; false if somebody took it since. */
export function applyRelock(record: StoredRecord, fence: number, seconds: number, now: number): boolean {
  if (record.fence !== fence) return false;
  record.lockedUntil = seconds > 0 ? now + seconds : 0;
  return true;
}
