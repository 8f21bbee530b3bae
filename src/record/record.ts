import { Buffer } from "node:buffer";
import type {
  NewRecord,
  PatchResult,
  Rotation,
  SessionPatch,
  SessionRecord,
  WholeRecord,
} from "./contract.ts";
import { mergeData } from "./data.ts";
import { isUsable } from "./moved.ts";

/** What a back-end stores of a session, so that it can be changed. */
type Stored = { -readonly [K in Exclude<keyof SessionRecord, "now">]: SessionRecord[K] };

/** A record as a back-end stores it: what `read` returns, and the lock, which only the back-end sees. */
export interface StoredRecord extends Stored {
  /** The last fencing number that `lock` returned; 0 before the first. */
  fence: number;
  /** When the lock runs out; 0 while there is none. */
  lockedUntil: number;
}

/** A change of a live record. */
export type Change<What, R> = (record: StoredRecord, what: What, now: number) => R;

/** Returns what `create` stores at this moment. */
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
    expiresAt: Math.min(now + record.idleTimeout, absoluteExpiresAt),
    absoluteExpiresAt,
    userId: record.userId,
    head: record.head,
    fence: 0,
    lockedUntil: 0,
  };
}

/** Returns a stored record as `read` does, without its lock. */
export function snapshot(record: StoredRecord, now: number): SessionRecord {
  return {
    data: record.data,
    secretHash: record.secretHash,
    previousSecretHash: record.previousSecretHash,
    previousEpoch: record.previousEpoch,
    previousUntil: record.previousUntil,
    epoch: Math.max(record.epoch, -1 - record.epoch),
    version: record.version,
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
    userId: record.userId,
    head: record.head,
    now,
  };
}

/** Returns a stored record as `moveOut` does. */
export function wholeRecord(record: StoredRecord, now: number): WholeRecord {
  return { ...snapshot(record, now), fence: record.fence, lockedUntil: record.lockedUntil };
}

/**
 * Returns what `adopt` stores at this moment of its store's clock: every time is as far away as it was when the record was
 * read. With 0, the times are seconds from now.
 */
export function adoptedRecord({ now: then, ...record }: WholeRecord, now: number): StoredRecord {
  const moved = (time: number): number => (time === 0 ? 0 : time - then + now);
  return {
    ...record,
    previousUntil: moved(record.previousUntil),
    expiresAt: moved(Math.min(record.expiresAt, record.absoluteExpiresAt)),
    absoluteExpiresAt: moved(record.absoluteExpiresAt),
    lockedUntil: moved(record.lockedUntil),
  };
}

/** Returns whether `adopt` may store a record where this one is live, or none: see `SessionBackend.adopt`. */
export function mayAdopt(
  there: Pick<StoredRecord, "secretHash"> | undefined,
  record: WholeRecord,
  instead: string | undefined,
): boolean {
  return isAdoptable(record) && there?.secretHash === instead;
}

/** Returns whether a record is one that a store may adopt: a session that has not expired. */
export function isAdoptable({ secretHash, expiresAt, absoluteExpiresAt, now }: WholeRecord): boolean {
  return secretHash !== "" && Math.min(expiresAt, absoluteExpiresAt) > now;
}

/** What a patch makes of the data of a live record. */
type Patched =
  | { readonly result: "ok" | "merged"; readonly data: string }
  | { readonly result: "stale" | "tooLarge"; readonly data?: undefined };

const STALE: Patched = { result: "stale" };
const TOO_LARGE: Patched = { result: "tooLarge" };

/**
 * Returns what `read` returns for a record whose fields cannot be read: no secret opens it, and the engine reports it as
 * damaged.
 */
export function illegible(now: number): SessionRecord {
  return {
    data: "",
    secretHash: "",
    previousSecretHash: null,
    previousEpoch: 0,
    previousUntil: 0,
    epoch: 0,
    version: 0,
    expiresAt: now + 1,
    absoluteExpiresAt: now + 1,
    userId: null,
    head: "",
    now,
  };
}

/**
 * Returns the data of a live record after the patch: the patch's own if its version is still current, else its changes
 * merged in. Only the result if the record does not meet the patch's conditions or is too damaged to be merged with, or if
 * a merge would make it too large.
 */
export function patchedData(record: StoredRecord, patch: SessionPatch): Patched {
  const isMet =
    record.epoch === patch.ifEpoch &&
    (patch.ifVersion === undefined || record.version === patch.ifVersion) &&
    (patch.ifSecretHash === undefined || record.secretHash === patch.ifSecretHash) &&
    (patch.ifFence === undefined || record.fence === patch.ifFence);
  if (!isMet) return STALE;
  if (record.version === patch.baseVersion) return { result: "ok", data: patch.data };
  const data = mergeData(record.data, patch.changes());
  if (data === undefined) return STALE;
  return outgrows(data, record.data, patch.maxBytes) ? TOO_LARGE : { result: "merged", data };
}

/** Returns true if data is over the limit and larger than what it replaces. What was over it before may shrink or stay. */
function outgrows(data: string, before: string, maxBytes: number | undefined): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8: most texts need no count.
  if (maxBytes === undefined || data.length * 3 <= maxBytes) return false;
  const bytes = Buffer.byteLength(data);
  return bytes > maxBytes && bytes > Buffer.byteLength(before);
}

/** Applies the whole patch to the record, or nothing of it. */
export function applyPatch(record: StoredRecord, patch: SessionPatch, now: number): PatchResult {
  if (!isUsable(record, now)) return "ended";
  const { result, data } = patchedData(record, patch);
  if (data === undefined) return result;
  record.data = data;
  record.version += 1;
  if (patch.head !== undefined) record.head = patch.head;
  if (patch.rotation !== undefined) applyRotation(record, patch.rotation, now);
  applyTouch(record, patch.idleTimeout, now);
  return result;
}

/** Gives the record a new secret, and what else the rotation has. `applyTouch` is to follow. */
function applyRotation(record: Stored, rotation: Rotation, now: number): void {
  record.previousSecretHash = record.secretHash;
  record.previousEpoch = record.epoch;
  record.previousUntil = now + rotation.grace;
  record.secretHash = rotation.secretHash;
  if (rotation.raiseEpoch) record.epoch += 1;
  if (rotation.userId !== undefined) record.userId = rotation.userId;
  if (rotation.absoluteTimeout !== undefined) record.absoluteExpiresAt = now + rotation.absoluteTimeout;
  // A deadline that starts anew may move back as well.
  if (rotation.absoluteTimeout !== undefined || rotation.restartIdle) record.expiresAt = now;
}

/** Returns the record as it is right after a rotation. */
export function rotatedRecord(
  record: SessionRecord,
  rotation: Rotation,
  idleTimeout: number,
  head: string,
): SessionRecord {
  const { now } = record;
  const after = { ...record, head };
  applyRotation(after, rotation, now);
  return {
    ...after,
    expiresAt: touchedDeadline(after.expiresAt, after.absoluteExpiresAt, now + idleTimeout),
  };
}

/** Returns the idle deadline after a touch that asks for `wanted`: never earlier than it is, never past the absolute one. */
export function touchedDeadline(expiresAt: number, absoluteExpiresAt: number, wanted: number): number {
  return Math.max(expiresAt, Math.min(wanted, absoluteExpiresAt));
}

/** Touches a live record. Returns whether its idle deadline moved. */
export function applyTouch(record: StoredRecord, idleTimeout: number, now: number): boolean {
  const deadline = touchedDeadline(record.expiresAt, record.absoluteExpiresAt, now + idleTimeout);
  if (deadline === record.expiresAt) return false;
  record.expiresAt = deadline;
  return true;
}

/**
 * A lock that would last for this many seconds longer than one that is taken now is none: the clock was set back, and whoever
 * held it may be dead. Engines that share a store may have lock times that differ by less than this.
 */
export const LOCK_SLACK = 60;

/** Locks a live record and returns the fencing number; "busy" if another lock has not run out. */
export function applyLock(record: StoredRecord, seconds: number, now: number): number | "busy" {
  if (record.lockedUntil > now && record.lockedUntil <= now + seconds + LOCK_SLACK) return "busy";
  record.fence += 1;
  record.lockedUntil = now + seconds;
  return record.fence;
}

/** Extends the lock, or releases it with 0. Returns false if somebody else has locked the record since. */
export function applyRelock(record: StoredRecord, fence: number, seconds: number, now: number): boolean {
  if (record.fence !== fence) return false;
  record.lockedUntil = seconds > 0 ? now + seconds : 0;
  return true;
}
