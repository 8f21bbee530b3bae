import { ConfigError } from "../errors.ts";
import { type Moment, passed } from "./_layered/moment.ts";
import { type LayeredOptions, resolveOptions } from "./_layered/options.ts";
import { RecordCache } from "./_layered/record-cache.ts";
import { isThenable, settled } from "./_layered/settled.ts";
import { Watch } from "./_layered/watch.ts";
import {
  type Awaitable,
  type LoadSave,
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  toBackend,
  type UserSession,
} from "./backend.ts";

export type { Channel, ChannelListener, OpenChannel } from "./_layered/channel.ts";
export type { LayeredOptions } from "./_layered/options.ts";
export type { PgPoolLike, PostgresJsListener, PostgresListener } from "./_layered/postgres-channel.ts";
export type { RedisTemplate } from "./_layered/redis-connection.ts";

/** What of it a reader may use. The rest is for clocks of different machines that do not run equally fast. */
const SHARE = 0.9;

/**
 * A cache of records in this process before a back-end that several processes share: a session that was read a moment
 * ago is read again without asking the store.
 *
 * No process serves a session, or an id of one, after its end was acknowledged to anybody. Let L be the lease:
 * 1. A record is served at s only if a ping sent at t > s − L was answered, and so all the channel had to tell until t.
 * 2. An end that the store answered before t was told then, so the record was not there any more to be served.
 * 3. An end that the store answered at e >= t is acknowledged at e + L at the earliest, because whoever ends waits.
 * 4. e + L >= t + L > s: what was served was served before the acknowledgment.
 * 5. Without a channel, t is when the record was read, and L is `staleness`.
 *
 * An end here is a deletion, a revocation or a rotation that goes through this class; of one that does not, nobody
 * waits for the acknowledgment, and others may serve the session for up to L. What others write is seen up to L late,
 * but decided in the store as ever. Without a channel, or when it is lost, every read goes to the store.
 *
 * A record in the cache is answered at once. Throws ConfigError that names what is wrong with the options.
 */
export class LayeredSessionBackend extends SessionBackend {
  readonly #inner: SessionBackend;
  readonly #cache: RecordCache;
  readonly #watch: Watch | undefined;
  readonly #bound: number;
  #hits = 0;
  #misses = 0;
  #isClosed = false;

  constructor(inner: SessionBackend | LoadSave, options: LayeredOptions) {
    super();
    if (typeof inner?.load !== "function" || typeof inner.save !== "function")
      throw new ConfigError("backend", "LayeredSessionBackend takes a back-end and how it learns of changes");
    const { open, bound, maxBytes } = resolveOptions(options);
    const backend = toBackend(inner);
    const cache = new RecordCache(maxBytes, open === undefined ? bound * SHARE : Number.POSITIVE_INFINITY);
    this.#inner = backend;
    this.#cache = cache;
    this.#bound = bound;
    if (open !== undefined) {
      this.#watch = new Watch({
        open,
        backend,
        lease: bound * SHARE,
        changed: (handle) => cache.forget(handle),
        changedAll: () => cache.forgetAll(),
      });
    }
    Object.defineProperty(this, "onExpired", {
      get: () => backend.onExpired,
      set: (listener: SessionBackend["onExpired"]) => {
        backend.onExpired = listener;
      },
    });
  }

  /** How many reads were answered from the cache. */
  get hits(): number {
    return this.#hits;
  }

  /** How many reads went to the store. */
  get misses(): number {
    return this.#misses;
  }

  /** How many records are in the cache. */
  get size(): number {
    return this.#cache.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#cache.bytes;
  }

  /** Why nothing is cached just now, if there is no channel; undefined if there is one, or none is needed yet. */
  get problem(): unknown {
    return this.#watch?.problem;
  }

  /**
   * Opens the channel now instead of at the first read. Resolves when it is there and has told all that was changed
   * before this call; rejects with why it is not. Nothing depends on it: until then reads go to the store.
   */
  async ready(): Promise<void> {
    await this.#watch?.ready();
  }

  override now(): number {
    return this.#inner.now();
  }

  override load(id: string): Awaitable<SessionData | null | undefined> {
    return this.#inner.load(id);
  }

  /** Ends the session of this id, if it is one. */
  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    return this.#write(
      id,
      () => this.#inner.save(id, data, timeout),
      () => true,
    );
  }

  override read(handle: string): Awaitable<SessionRecord | undefined> {
    const now: Moment = { steady: performance.now() / 1000, wall: this.#inner.now() };
    if (this.#watch === undefined || this.#watch.holds(now)) {
      const record = this.#cache.get(handle, now);
      if (record !== undefined) {
        this.#hits += 1;
        return record;
      }
    }
    this.#misses += 1;
    // What is read before there is a channel may change before it tells.
    if (this.#isClosed || this.#watch?.isUp === false) return this.#inner.read(handle);
    const reading = this.#cache.begin(handle, now);
    return settled(
      () => this.#inner.read(handle),
      (record) => this.#cache.end(reading, record),
    );
  }

  override create(handle: string, record: NewRecord): Awaitable<boolean> {
    return this.#write(handle, () => this.#inner.create(handle, record), never);
  }

  override patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    return this.#write(
      handle,
      () => this.#inner.patch(handle, patch),
      // A rotation without new rights too: who still had the record from before it would not know the new id.
      (result) => patch.rotation !== undefined || result === "ended",
    );
  }

  override touch(handle: string, idleTimeout: number): Awaitable<boolean> {
    return this.#write(
      handle,
      () => this.#inner.touch(handle, idleTimeout),
      (isThere) => !isThere,
    );
  }

  override delete(handle: string, ifVersion?: number): Awaitable<boolean> {
    return this.#write(
      handle,
      () => this.#inner.delete(handle, ifVersion),
      // Whoever is told that it was over already is told so as well.
      (deleted) => deleted || ifVersion === undefined,
    );
  }

  override listByUser(userId: string): Awaitable<UserSession[]> {
    return this.#inner.listByUser(userId);
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = await this.#inner.revokeUser(userId, except);
    for (const handle of handles) this.#cache.forget(handle);
    await passed(this.#bound);
    return handles;
  }

  override lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended"> {
    return this.#write(
      handle,
      () => this.#inner.lock(handle, seconds),
      (result) => result === "ended",
    );
  }

  override relock(handle: string, fence: number, seconds: number): Awaitable<boolean> {
    return this.#write(handle, () => this.#inner.relock(handle, fence, seconds), never);
  }

  override prune(): Awaitable<number> {
    return this.#inner.prune();
  }

  /** Ends the connections that it opened, and closes the back-end that it is before. */
  override close(): Awaitable<void> {
    this.#isClosed = true;
    this.#watch?.close();
    this.#cache.forgetAll();
    return this.#inner.close();
  }

  /** Whatever was read before the answer is forgotten. If the answer says that something is over, it waits. */
  #write<T>(handle: string, run: () => Awaitable<T>, isEnd: (answer: T) => boolean): Awaitable<T> {
    this.#cache.forget(handle);
    const answer = settled(run, () => this.#cache.forget(handle));
    if (!isThenable(answer)) return isEnd(answer) ? passed(this.#bound).then(() => answer) : answer;
    return answer.then((later) => (isEnd(later) ? passed(this.#bound).then(() => later) : later));
  }
}

function never(): false {
  return false;
}
