import { type Environment, systemEnvironment } from "../environment.ts";
import { Fallback } from "./_fallback/fallback.ts";

/** What a session holds: a dictionary of data. */
export type SessionData = Record<string, unknown>;

/** A back-end may answer at once or later; the engine waits only for promises. */
export type Awaitable<T> = T | Promise<T>;

/**
 * What a back-end holds for one handle. Times are seconds on the back-end's own clock, which alone decides expiry.
 * The cookie's secret is never here: only its SHA-256.
 */
export interface SessionRecord {
  /** The session's data: the text of one JSON object, one member for each top-level key. */
  readonly data: string;
  /** SHA-256 of the secret that is valid now, base64url. */
  readonly secretHash: string;
  /** The one it replaced, or null. Valid until `previousUntil` if `previousEpoch` is still the epoch. */
  readonly previousSecretHash: string | null;
  readonly previousEpoch: number;
  readonly previousUntil: number;
  /** Raised at each change of rights. */
  readonly epoch: number;
  /** Raised at each `patch`; a touch leaves it. */
  readonly version: number;
  /** When it was created, or when its user last signed in. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  /** Seconds without a request after which it ends. */
  readonly idleTimeout: number;
  /** Whether its cookie outlives the browser. */
  readonly persistent: boolean;
  readonly userId: string | null;
  /** The back-end's clock when it read this. */
  readonly now: number;
}

/** What `create` stores. The back-end adds epoch 0, version 1, its own clock and the deadlines made from it. */
export interface NewRecord {
  readonly data: string;
  readonly secretHash: string;
  readonly userId: string | null;
  /** Seconds. */
  readonly idleTimeout: number;
  /** Seconds. */
  readonly absoluteTimeout: number;
  readonly persistent: boolean;
}

/** A new secret for the same record, and what may change with it. */
export interface Rotation {
  /** Becomes `secretHash`; the one it replaces becomes `previousSecretHash`, with the epoch it was valid in. */
  readonly secretHash: string;
  /** Seconds from now until `previousUntil`. */
  readonly grace: number;
  /** A change of rights: the epoch goes up by one. */
  readonly raiseEpoch: boolean;
  /** Ties the record to a user; left alone if absent. */
  readonly userId?: string;
  /** Starts new deadlines from now, `createdAt` included; left alone if absent. */
  readonly lifetime?: {
    readonly idleTimeout: number;
    readonly absoluteTimeout: number;
    readonly persistent: boolean;
  };
}

/** Top-level keys to set (JSON texts) and to remove. */
export interface DataChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly unset: readonly string[];
}

/** One atomic change of one record: all of it or nothing, and only if every condition holds. */
export interface SessionPatch {
  readonly ifEpoch: number;
  readonly ifVersion?: number | undefined;
  /** Set at a rotation, so that one of two wins. */
  readonly ifSecretHash?: string | undefined;
  /** Set while the session is used exclusively; see `lock`. */
  readonly ifFence?: number | undefined;
  /** The version that `data` was made from. If the record still has it, `data` may be stored as it is. */
  readonly baseVersion: number;
  readonly data: string;
  /** What differs from `baseVersion`, for merging into any other version. */
  changes(): DataChanges;
  /** Folds a touch in: the idle deadline moves to now + these seconds, by the rules of `touch`. */
  readonly idleTimeout: number;
  readonly rotation?: Rotation | undefined;
}

/**
 * `ok`: stored, the version is `baseVersion + 1` and the data is `data`. `merged`: stored, into a newer version.
 * `ended`: no such record, or it has expired; nothing was stored. `stale`: a condition failed; nothing was stored.
 */
export type PatchResult = "ok" | "merged" | "ended" | "stale";

/** A record together with its handle, as `listByUser` answers it. */
export interface UserSession {
  readonly handle: string;
  readonly record: SessionRecord;
}

/**
 * Where sessions live. **`load` and `save` are a whole back-end**; every other method has a fallback over those two.
 *
 * The fallback keeps each promise within one process (it takes turns per session, merges changes, remembers what has
 * ended). A back-end that several processes share should override `read`, `create`, `patch`, `touch` and `delete`
 * with operations that are atomic in its store; then the promises hold across processes too. Whoever overrides these
 * must override `listByUser`, `revokeUser`, `lock` and `relock` as well: the fallback knows only of its own writes.
 *
 * Rules for all methods: something missing is an answer, never an error; an error means that the store failed, and
 * whatever the driver throws is fine. Handles are 16 characters of base64url, so they need no escaping. Whatever is
 * stored must come back unchanged.
 */
export abstract class SessionBackend {
  /** Time, chance and timers. The engine puts its own here, if it was given one. */
  environment: Environment = systemEnvironment;

  #fallback: Fallback | undefined;

  get #over(): Fallback {
    this.#fallback ??= new Fallback(this);
    return this.#fallback;
  }

  /** The dictionary last saved under this id, or `{}` when there is none or it has expired. */
  abstract load(id: string): Awaitable<SessionData | null | undefined>;

  /**
   * Stores a dictionary (plain JSON data) under this id for `timeout` seconds, replacing what was there.
   * An empty dictionary, or a timeout of 0, deletes. Rejects if it could not be stored.
   */
  abstract save(id: string, data: SessionData, timeout: number): Awaitable<void>;

  /** The back-end's clock: seconds since 1970. */
  now(): number {
    return this.environment.now();
  }

  /** The record of this handle, or undefined. May answer one that has expired; the engine judges it by `record.now`. */
  read(handle: string): Awaitable<SessionRecord | undefined> {
    return this.#over.read(handle);
  }

  /** Stores a new record, only if the handle is free; answers whether it was. */
  create(handle: string, record: NewRecord): Awaitable<boolean> {
    return this.#over.create(handle, record);
  }

  /** Changes a record in one atomic step, only if it is there, has not expired and meets the patch's conditions. */
  patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    return this.#over.patch(handle, patch);
  }

  /**
   * Moves the idle deadline to now + `idleTimeout` seconds: never back, never past the absolute deadline, and never
   * of a record that is gone or expired. Answers whether it is still there. Leaves data and version alone.
   */
  touch(handle: string, idleTimeout: number): Awaitable<boolean> {
    return this.#over.touch(handle, idleTimeout);
  }

  /**
   * Deletes the record, whatever its state; with `ifVersion`, only while it still has that version.
   * Answers whether this call ended a live one.
   */
  delete(handle: string, ifVersion?: number): Awaitable<boolean> {
    return this.#over.delete(handle, ifVersion);
  }

  /** The live sessions of a user, oldest first. */
  listByUser(userId: string): Awaitable<UserSession[]> {
    return this.#over.listByUser(userId);
  }

  /** Deletes all sessions of a user but `except`: all whose sign-in was stored before. Answers the handles it ended. */
  revokeUser(userId: string, except?: string): Awaitable<string[]> {
    return this.#over.revokeUser(userId, except);
  }

  /**
   * Takes the record for exclusive use for `seconds`. Answers a fencing number, higher at each success, that `patch`
   * takes as `ifFence`; `busy` while another holder's time is not over; `ended` if the record is gone.
   */
  lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended"> {
    return this.#over.lock(handle, seconds);
  }

  /** Gives the lock of this fencing number `seconds` more from now, or frees it with 0. False: somebody else has it. */
  relock(handle: string, fence: number, seconds: number): Awaitable<boolean> {
    return this.#over.relock(handle, fence, seconds);
  }

  /** Deletes expired records; answers how many. Stores that expire by themselves answer 0. */
  prune(): Awaitable<number> {
    return 0;
  }

  /** Set by the engine: to be called for each record that the back-end itself deletes because it has expired. */
  onExpired: ((handle: string, userId: string | null) => void) | undefined;

  /** Stops timers and closes what the back-end itself opened. */
  close(): Awaitable<void> {}
}

/** Any object with MicroPie's two methods. */
export interface LoadSave {
  load(id: string): Awaitable<SessionData | null | undefined>;
  save(id: string, data: SessionData, timeout: number): Awaitable<void>;
}

class LoadSaveBackend extends SessionBackend {
  readonly #inner: LoadSave;

  constructor(inner: LoadSave) {
    super();
    this.#inner = inner;
  }

  override load(id: string): Awaitable<SessionData | null | undefined> {
    return this.#inner.load(id);
  }

  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    return this.#inner.save(id, data, timeout);
  }
}

/** One for each object, or two engines on it would not know of each other's turns. */
const wrapped = new WeakMap<LoadSave, LoadSaveBackend>();

/** The object itself if it has the full contract, even from another copy of this package; else wrapped. */
export function toBackend(backend: SessionBackend | LoadSave): SessionBackend {
  if ("patch" in backend && "read" in backend) return backend;
  const known = wrapped.get(backend) ?? new LoadSaveBackend(backend);
  wrapped.set(backend, known);
  return known;
}
