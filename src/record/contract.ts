/** The data of a session: a dictionary. */
export type SessionData = Record<string, unknown>;

/** A back-end may return a value or a promise; the engine waits only for promises. */
export type Awaitable<T> = T | Promise<T>;

/** Any object with MicroPie's two methods; see `SessionBackend.load` and `save`. */
export interface LoadSave {
  load(id: string): Awaitable<SessionData | null | undefined>;
  save(id: string, data: SessionData, timeout: number): Awaitable<void>;
}

/**
 * What a back-end stores under one handle. Times are in seconds on the back-end's own clock, which alone decides expiry.
 * The cookie's secret is never stored, only its SHA-256.
 */
export interface SessionRecord {
  /** The session's data: the text of one JSON object, with one member per top-level key. */
  readonly data: string;
  /** SHA-256 of the current secret, base64url. */
  readonly secretHash: string;
  /** The hash before the last rotation, or null. Valid until `previousUntil` if `previousEpoch` is still the epoch. */
  readonly previousSecretHash: string | null;
  readonly previousEpoch: number;
  readonly previousUntil: number;
  /** Goes up by one at each change of rights. */
  readonly epoch: number;
  /** Goes up by one at each `patch`. A `touch` does not change it. */
  readonly version: number;
  /** The idle deadline; never later than `absoluteExpiresAt`. */
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  readonly userId: string | null;
  /**
   * Everything else that the engine remembers of the session, as one text. Back-ends store it as it is and never look
   * into it. "" for a dictionary that was stored with `save`.
   */
  readonly head: string;
  /** The back-end's clock when it read this record. */
  readonly now: number;
}

/** What `create` stores. The back-end adds epoch 0, version 1, and the deadlines, counted from its own clock. */
export interface NewRecord {
  readonly data: string;
  readonly secretHash: string;
  readonly userId: string | null;
  /** Seconds. */
  readonly idleTimeout: number;
  /** Seconds. */
  readonly absoluteTimeout: number;
  readonly head: string;
}

/** A new secret for the same record, and what may change together with it. */
export interface Rotation {
  /** Becomes `secretHash`; the one it replaces becomes `previousSecretHash`, with the epoch it was valid in. */
  readonly secretHash: string;
  /** Seconds from now until `previousUntil`. */
  readonly grace: number;
  /** True for a change of rights: the epoch goes up by one. */
  readonly raiseEpoch: boolean;
  /** Makes the record this user's. Without it, the user stays the same. */
  readonly userId?: string;
  /**
   * Starts both deadlines anew: the absolute one is this many seconds from now, the idle one `idleTimeout` of the patch.
   * Without it, the absolute deadline stays and the idle one is moved as by `touch`.
   */
  readonly absoluteTimeout?: number;
  /** Starts the idle deadline alone anew, so that it may move back; it never passes the absolute one, which stays. */
  readonly restartIdle?: boolean;
}

/** Top-level keys to set, each with its JSON text, and to remove. */
export interface DataChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly unset: readonly string[];
}

/** One atomic change of one record: all of it or nothing, and only if every condition holds. */
export interface SessionPatch {
  readonly ifEpoch: number;
  readonly ifVersion?: number | undefined;
  /** Present at a rotation, so that one of two concurrent rotations wins. */
  readonly ifSecretHash?: string | undefined;
  /** Present while the session is used exclusively; see `lock`. */
  readonly ifFence?: number | undefined;
  /** The version that `data` was made from. If the record still has it, `data` may be stored as it is. */
  readonly baseVersion: number;
  readonly data: string;
  /** The difference between `baseVersion` and `data`, to merge into any other version. */
  changes(): DataChanges;
  /**
   * The most bytes of UTF-8 to which a merge may enlarge the data; without it, any number. Whoever makes the patch has
   * judged `data` itself.
   */
  readonly maxBytes?: number | undefined;
  /** Moves the idle deadline to this many seconds from now, by the rules of `touch`. */
  readonly idleTimeout: number;
  /** Replaces the head. Without it, the head stays as it is. */
  readonly head?: string | undefined;
  readonly rotation?: Rotation | undefined;
}

/**
 * - `ok`: stored; the version is `baseVersion + 1` and the data is `data`.
 * - `merged`: stored into a newer version.
 * - `ended`: there is no such record, or it has expired; nothing was stored.
 * - `stale`: a condition failed; nothing was stored.
 * - `tooLarge`: merged into a newer version, the data would have grown past `maxBytes`; nothing was stored.
 */
export type PatchResult = "ok" | "merged" | "ended" | "stale" | "tooLarge";

/**
 * What is said of an end when a record is deleted: from inside, from outside, or because its user has too many. "moved" is no
 * end: another store has the session now, and nobody is told. Without a version, it deletes only what `moveOut` has marked.
 */
export type DeleteReason = "logged_out" | "revoked" | "limit" | "moved";

/** What `standings` tells of a live record. */
export interface Standing {
  readonly handle: string;
  readonly epoch: number;
  /** Seconds until its idle deadline, on the back-end's clock. */
  readonly left: number;
}

/** A session has ended, or has other rights. */
export type EndNotice =
  | { readonly handle: string; readonly reason: Exclude<DeleteReason, "moved"> | "expired" }
  /** `epoch`: the one that it has now. */
  | { readonly handle: string; readonly reason: "rights"; readonly epoch: number };

/** Who listens to a channel. Called in any order, and never after `close` of the channel has been called. */
export interface EndListener {
  /** Takes what the store tells. It may tell more than once of the same end. */
  told(notice: EndNotice): void;
  /** Takes a text that `beat` has sent. */
  heard(beat: string): void;
  /** The channel is over: something may have been missed. It is closed, what is watched is asked for, and another one opened. */
  lost(): void;
}

/** What `listen` opens. */
export interface EndChannel {
  /** Whether single notices may be lost though beats are heard: then sessions are asked for now and then as well. */
  readonly mayMiss?: boolean | undefined;
  /**
   * Sends a text on the way that notices go, to this listener alone. When it is heard, every notice of what the store did
   * before has been told. A rejection counts as silence.
   */
  beat(text: string): Awaitable<void>;
  /** Closes what was opened for it. */
  close(): Awaitable<void>;
}

/** A record and its handle, as `listByUser` and `scan` return them. */
export interface UserSession {
  readonly handle: string;
  readonly record: SessionRecord;
}

/** A record with its lock: all that a store has of a session, as `moveOut` returns and `adopt` takes it. */
export interface WholeRecord extends SessionRecord {
  /** The last fencing number that `lock` returned; 0 before the first. */
  readonly fence: number;
  /** When the lock runs out; 0 while there is none. */
  readonly lockedUntil: number;
}

/** Which sessions a page is to have. */
export interface ScanOptions {
  /** The cursor of the page before; undefined for the first page. */
  readonly cursor?: string | undefined;
  /** The most sessions that the page may have, from 1. */
  readonly limit: number;
  /** Only those of this user, as records have it. */
  readonly userId?: string | undefined;
  /** Only those that have a user, or only those that have none. */
  readonly signedIn?: boolean | undefined;
}

/** What `scan` returns. */
export interface ScanPage {
  /** No session twice. There may be fewer than `limit`, also none, though more pages follow. */
  readonly sessions: readonly UserSession[];
  /** Where the next page begins, a text that only this store reads; undefined after the last page. */
  readonly cursor: string | undefined;
}

/** How many live sessions a store has, those of all realms together. */
export interface SessionCount {
  readonly sessions: number;
  /** How many of them have a user; undefined if the store cannot tell. */
  readonly signedIn: number | undefined;
  /** False if both are estimates. */
  readonly exact: boolean;
}
