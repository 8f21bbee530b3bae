import { type Environment, systemEnvironment } from "../environment.ts";
import type {
  Awaitable,
  DeleteReason,
  EndChannel,
  EndListener,
  NewRecord,
  PatchResult,
  ScanOptions,
  ScanPage,
  SessionCount,
  SessionData,
  SessionPatch,
  SessionRecord,
  Standing,
  UserSession,
  WholeRecord,
} from "../record/contract.ts";
import { deleteEach } from "./_delete-each.ts";
import { Fallback } from "./_fallback/fallback.ts";
import { pageOfUser, refuseScan } from "./_scan.ts";
import { standingsByRead } from "./_standings.ts";

/**
 * Where sessions are stored. **`load` and `save` are a complete back-end**; every other method has a fallback over them.
 *
 * The fallback keeps each promise within one process: it runs one call per session at a time, merges changes, and
 * remembers what has ended. A back-end that several processes share keeps the promises across processes if it overrides
 * `read`, `create`, `patch`, `touch` and `delete` with operations that are atomic in its store. It must then override
 * `listByUser`, `revokeUser`, `lock` and `relock` too, because the fallback only knows its own writes:
 * `FullSessionBackend` (micropie/backends/full) asks for these nine, and needs no `load` and `save`. For a store with
 * compare-and-swap, `CasSessionBackend` (micropie/backends/cas) does all of that over six methods.
 *
 * Rules for all methods: something missing is a return value, never an error; an error means that the store failed, and
 * any error of the driver will do. Handles are 16 characters of base64url, so they need no escaping. Everything stored
 * must come back unchanged.
 *
 * @example
 * class Files extends SessionBackend {
 *   load(id: string) {
 *     return getSessionFromDb(id);
 *   }
 *   save(id: string, data: SessionData, timeout: number) {
 *     return saveSessionToDb(id, data, timeout);
 *   }
 * }
 * const sessions = createSessions({ backend: new Files() });
 */
export abstract class SessionBackend {
  /** Time, randomness and timers. The engine replaces it with its own if it was given one. */
  environment: Environment = systemEnvironment;

  /** Set by the engine. Call it for each record that the back-end itself deletes because it has expired. */
  onExpired: ((handle: string, userId: string | null) => void) | undefined;

  /** Set by the engine. Whoever has moved a session here from another store calls it, with what the two stores are. */
  onMoved:
    | ((
        handle: string,
        record: SessionRecord,
        stores: { readonly from: string; readonly to: string },
      ) => void)
    | undefined;

  #fallback: Fallback | undefined;

  get #over(): Fallback {
    this.#fallback ??= new Fallback(this);
    return this.#fallback;
  }

  /** Returns the dictionary last saved under this id, or `{}` if there is none or it has expired. */
  abstract load(id: string): Awaitable<SessionData | null | undefined>;

  /**
   * Stores a dictionary (plain JSON data) under this id for `timeout` seconds and replaces the one before.
   * An empty dictionary, or a timeout of 0, deletes. Rejects if it could not be stored.
   */
  abstract save(id: string, data: SessionData, timeout: number): Awaitable<void>;

  /** Returns the back-end's clock: seconds since 1970. */
  now(): number {
    return this.environment.now();
  }

  /**
   * Returns the record of this handle, or undefined. May return one that has expired; the engine compares its deadlines
   * with `record.now`. Returns one with `data` "" and `secretHash` "" for a record that cannot be read: no session, and no error.
   */
  read(handle: string): Awaitable<SessionRecord | undefined> {
    return this.#over.read(handle);
  }

  /** Stores a new record only if the handle is free; returns whether it was. An expired record leaves it free. */
  create(handle: string, record: NewRecord): Awaitable<boolean> {
    return this.#over.create(handle, record);
  }

  /** Changes a record in one atomic step, only if it is there, has not expired and meets the patch's conditions. */
  patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    return this.#over.patch(handle, patch);
  }

  /**
   * Moves the idle deadline to now + `idleTimeout` seconds: never back, never past the absolute deadline, and never
   * of a record that is gone or expired. Returns whether the record is still there. Data and version stay the same.
   */
  touch(handle: string, idleTimeout: number): Awaitable<boolean> {
    return this.#over.touch(handle, idleTimeout);
  }

  /**
   * Deletes the record, whatever its state; with `ifVersion`, only if it still has that version.
   * Returns whether this call ended a live record. `why` is for the notice that those get who listen; default "logged_out",
   * and none for "moved", which without `ifVersion` deletes only a record that `moveOut` has marked.
   */
  delete(handle: string, ifVersion?: number, why?: DeleteReason): Awaitable<boolean> {
    return this.#over.delete(handle, ifVersion, why);
  }

  /** Returns the live sessions of a user, in any order. */
  listByUser(userId: string): Awaitable<UserSession[]> {
    return this.#over.listByUser(userId);
  }

  /**
   * Deletes all sessions of a user except `except`: every one whose sign-in was stored before this call.
   * Returns the handles that it ended.
   */
  revokeUser(userId: string, except?: string): Awaitable<string[]> {
    return this.#over.revokeUser(userId, except);
  }

  /**
   * Locks the record for exclusive use for `seconds`. Returns a fencing number, higher at each success, which `patch`
   * takes as `ifFence`; `busy` while somebody else's lock has not run out; `ended` if the record is gone. A lock that would
   * last for more than `seconds` and a minute longer is from before the clock was set back, and is free.
   */
  lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended"> {
    return this.#over.lock(handle, seconds);
  }

  /**
   * Extends the lock with this fencing number to `seconds` from now, or releases it with 0.
   * Returns false if somebody else has locked the record since, or it is gone.
   */
  relock(handle: string, fence: number, seconds: number): Awaitable<boolean> {
    return this.#over.relock(handle, fence, seconds);
  }

  /**
   * Returns where those of these sessions stand that are live, in any order; at most 500 are asked for at once. Watchers call it: one
   * statement, if the store can. The default reads each record.
   */
  standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    if (this.read === SessionBackend.prototype.read) return this.#over.standings(handles);
    return standingsByRead(this, handles);
  }

  /**
   * Opens the channel by which the store tells this process of every session that ends, or gets other rights, in any
   * other process: within the very step that does it, so that no end is without its notice. Undefined, which is the default, if the
   * store has no such channel: then watched sessions are asked for with `standings`, about once a second. Rejects if it
   * cannot be opened now; it is then tried again.
   */
  listen(_listener: EndListener): Awaitable<EndChannel | undefined> {
    return undefined;
  }

  /**
   * Returns one page of live sessions, in an order of the store's own, and where the next one begins. Every session that lives
   * throughout a scan, from its first page to its last, is on one of them, whatever else is created, changed or ended
   * meanwhile; it may be on several, and never twice on one. Each page does a limited amount of work.
   *
   * Throws ConfigError `cursor` for a text that is no cursor of this store, and ConfigError `backend` if the store cannot list what
   * it has. The default can only list those of one user.
   */
  scan(options: ScanOptions): Awaitable<ScanPage> {
    return options.userId === undefined ? refuseScan("scan") : pageOfUser(this, options.userId, options);
  }

  /**
   * Returns how many live sessions there are: exactly where that is cheap, else an estimate. Throws ConfigError `backend` if the
   * store cannot tell, which is the default.
   */
  countAll(): Awaitable<SessionCount> {
    return refuseScan("countAll");
  }

  /**
   * Deletes the records of these handles, at most 500 at once, as `delete` does. Returns those
   * that it ended. The default deletes one by one.
   */
  deleteMany(
    handles: readonly string[],
    why: Exclude<DeleteReason, "moved"> = "logged_out",
  ): Awaitable<string[]> {
    return deleteEach(this, handles, why);
  }

  /**
   * Stores a record of another store whole and as it is, in one atomic step, only if the handle is free and the record has not
   * expired; returns whether it did. With `instead`, only in the place of the live record with this secret's hash. What is
   * left of its deadlines, counted from `record.now`, is left here.
   */
  adopt(handle: string, record: WholeRecord, instead?: string): Awaitable<boolean> {
    return this.#over.adopt(handle, record, instead);
  }

  /**
   * Marks a live record as moved to another store, and returns it whole, in one atomic step; returns it again for one that is
   * marked already, and undefined if there is none. From then on, `read`, `patch`, `touch`, `lock` and `relock` do not find it,
   * and its handle is not free. `listByUser`, `scan`, `countAll` and `standings` tell of it, and `delete`, `revokeUser` and `prune`
   * end it, as of any other. Nobody who listens is told.
   */
  moveOut(handle: string): Awaitable<WholeRecord | undefined> {
    return this.#over.moveOut(handle);
  }

  /** Deletes expired records and returns how many. Returns 0 if the store expires records by itself. */
  prune(): Awaitable<number> {
    return 0;
  }

  /** Stops timers and closes what the back-end itself has opened. */
  close(): Awaitable<void> {}
}
