import type { Change, StoredRecord } from "../record/record.ts";
import { applyLock, applyPatch, applyRelock, applyTouch, newRecord, snapshot } from "../record/record.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { Entry, moreOf } from "./_memory/entry.ts";
import { Expiry, TICKS, TOLERANCE, WIDTH } from "./_memory/expiry.ts";
import { Listeners } from "./_memory/listeners.ts";
import { type InMemoryOptions, resolveOptions } from "./_memory/options.ts";
import { inOnePiece, Room } from "./_memory/room.ts";
import { UserIndex } from "./_memory/user-index.ts";
import {
  type DeleteReason,
  type EndChannel,
  type EndListener,
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
} from "./backend.ts";

export type { InMemoryOptions } from "./_memory/options.ts";

/** One large Map copies itself whole when it grows, which holds the event loop for 100 ms at half a million sessions. */
const SHARDS = 64;

/**
 * Stores sessions in the memory of this process: the default. They are gone when it ends, and no other process sees them.
 *
 * Every method returns at once. An unreferenced timer frees expired sessions within about twenty seconds, and visits
 * only what expires. When `maxBytes` is reached, each new session evicts the anonymous one unused for longest. Signed-in
 * ones go only when they alone take seven eighths of it, each by another sign-in, again the one unused for longest.
 * `evicted` counts both. The first one is also a process warning, `MICROPIE_MEMORY_FULL`, and so is the first whose user
 * is signed out, `MICROPIE_MEMORY_SIGNED_OUT`. Throws ConfigError `maxBytes`.
 *
 * @example
 * const sessions = createSessions({ backend: new InMemorySessionBackend({ maxBytes: 64_000_000 }) });
 */
export class InMemorySessionBackend extends SessionBackend {
  readonly #shards: Map<string, Entry>[] = Array.from({ length: SHARDS }, () => new Map());
  readonly #users: UserIndex<Entry> = new UserIndex();
  readonly #expiry: Expiry<Entry>;
  /** Whole seconds, from which ticks are counted. */
  #origin = 0;
  readonly #room: Room;
  readonly #listeners = new Listeners();
  #size = 0;

  constructor(options: InMemoryOptions = {}) {
    super();
    const { maxBytes } = resolveOptions(options);
    this.#expiry = new Expiry({
      after: (seconds, run) => this.environment.timer(seconds, run, true),
      now: () => this.#ticks(this.now()),
      free: (entry) => this.#expire(entry),
    });
    this.#room = new Room(maxBytes, {
      freeOne: () => this.#expiry.freeOne(),
      evict: (entry) => this.#remove(entry, "revoked"),
    });
  }

  /** The number of sessions, including expired ones that are not freed yet. */
  get size(): number {
    return this.#size;
  }

  /** About how many bytes of memory they take. */
  get bytes(): number {
    return this.#room.bytes;
  }

  /** How many live sessions were evicted because of `maxBytes`. */
  get evicted(): number {
    return this.#room.evicted;
  }

  override load(id: string): SessionData {
    const entry = this.#live(id, this.now());
    return entry === undefined ? {} : dictionaryOf(this.#recordOf(entry));
  }

  override save(id: string, data: SessionData, timeout: number): void {
    const now = this.now();
    const gone = timeout <= 0 || Object.keys(data).length === 0;
    const record = gone ? undefined : restored(data, timeout, now);
    const old = this.#shard(id).get(id);
    if (old !== undefined) this.#remove(old, gone ? "logged_out" : undefined);
    if (record !== undefined) this.#add(id, record, now);
  }

  override read(handle: string): SessionRecord | undefined {
    const now = this.environment.now();
    const entry = this.#live(handle, now);
    if (entry === undefined || entry.secretHash === "") return undefined;
    this.#room.use(entry, 0);
    const { data, secretHash, version, more } = entry;
    return {
      data,
      secretHash,
      previousSecretHash: more.previousSecretHash,
      previousEpoch: more.previousEpoch,
      previousUntil: more.previousUntil,
      epoch: more.epoch,
      version,
      expiresAt: this.#origin + entry.expires / TICKS,
      absoluteExpiresAt: this.#origin + entry.absolute / TICKS,
      userId: more.userId,
      head: more.head,
      now,
    };
  }

  override create(handle: string, record: NewRecord): boolean {
    const now = this.now();
    const old = this.#shard(handle).get(handle);
    if (old !== undefined) {
      if (old.expires > this.#ticks(now)) return false;
      this.#expire(old);
    }
    this.#add(handle, newRecord(record, now), now);
    return true;
  }

  override patch(handle: string, patch: SessionPatch): PatchResult {
    const all = patch.rotation !== undefined || patch.head !== undefined;
    return this.#change(handle, all, applyPatch, patch) ?? "ended";
  }

  override touch(handle: string, idleTimeout: number): boolean {
    return this.#change(handle, false, applyTouch, idleTimeout) !== undefined;
  }

  override delete(handle: string, ifVersion?: number, why: DeleteReason = "logged_out"): boolean {
    const entry = this.#shard(handle).get(handle);
    if (entry === undefined || (ifVersion !== undefined && entry.version !== ifVersion)) return false;
    this.#remove(entry, why);
    return entry.expires > this.#ticks(this.now());
  }

  override listByUser(userId: string): UserSession[] {
    const now = this.now();
    const live = this.#users.list(userId).filter(({ handle }) => this.#live(handle, now));
    return live.map((entry) => ({ handle: entry.handle, record: snapshot(this.#recordOf(entry), now) }));
  }

  override revokeUser(userId: string, except?: string): string[] {
    const others = this.#users.list(userId).filter((entry) => entry.handle !== except);
    return others
      .filter(({ handle }) => this.delete(handle, undefined, "revoked"))
      .map((entry) => entry.handle);
  }

  override lock(handle: string, seconds: number): number | "busy" | "ended" {
    return this.#change(handle, true, applyLock, seconds) ?? "ended";
  }

  override relock(handle: string, fence: number, seconds: number): boolean {
    const relock: Change<number, boolean> = (record, _, now) => applyRelock(record, fence, seconds, now);
    return this.#change(handle, true, relock, 0) ?? false;
  }

  override listen(listener: EndListener): EndChannel {
    return this.#listeners.add(listener);
  }

  override prune(): number {
    return this.#expiry.freeAll();
  }

  /** Stops the timer. The sessions stay readable. */
  override close(): void {
    this.#expiry.stop();
  }

  #shard(handle: string): Map<string, Entry> {
    return this.#shards[handle.charCodeAt(handle.length - 1) % SHARDS || 0]!;
  }

  #ticks(time: number): number {
    return Math.floor((time - this.#origin) * TICKS + TOLERANCE);
  }

  #live(handle: string, now: number): Entry | undefined {
    const entry = this.#shard(handle).get(handle);
    return entry !== undefined && entry.expires > this.#ticks(now) ? entry : undefined;
  }

  /** Applies a change to a live record and stores it, with `all` also what is in `more`. Undefined if there is none. */
  #change<W, R>(handle: string, all: boolean, apply: Change<W, R>, what: W): R | undefined {
    const now = this.environment.now();
    const entry = this.#live(handle, now);
    if (entry === undefined) return undefined;
    const record = this.#recordOf(entry);
    const result = apply(record, what, now);
    const data = inOnePiece(record.data);
    this.#room.use(entry, data.length - entry.data.length);
    entry.data = data;
    entry.version = record.version;
    const expires = this.#ticks(record.expiresAt);
    if (Math.floor(expires / WIDTH) === Math.floor(entry.expires / WIDTH)) entry.expires = expires;
    else this.#expiry.move(entry, expires);
    if (all) {
      const { userId, epoch } = entry.more;
      this.#room.remove(entry);
      entry.secretHash = record.secretHash;
      entry.absolute = this.#ticks(record.absoluteExpiresAt);
      entry.more = moreOf(record);
      this.#room.add(entry);
      this.#users.move(entry, userId, entry.more.userId);
      if (record.epoch > epoch) this.#listeners.tell({ handle, reason: "rights", epoch: record.epoch });
    }
    this.#room.make(entry);
    return result;
  }

  #recordOf({ data, secretHash, version, more, expires, absolute }: Entry): StoredRecord {
    const expiresAt = this.#origin + expires / TICKS;
    const absoluteExpiresAt = this.#origin + absolute / TICKS;
    return { ...more, data, secretHash, version, expiresAt, absoluteExpiresAt };
  }

  #add(handle: string, record: StoredRecord, now: number): void {
    if (this.#size === 0) this.#origin = Math.floor(now);
    const expires = this.#ticks(record.expiresAt);
    const entry = new Entry(handle, record, expires, this.#ticks(record.absoluteExpiresAt));
    entry.data = inOnePiece(record.data);
    this.#shard(handle).set(entry.handle, entry);
    this.#expiry.add(entry);
    this.#users.move(entry, null, entry.more.userId);
    this.#size += 1;
    this.#room.add(entry);
    this.#room.make(entry);
  }

  #remove(entry: Entry, reason: DeleteReason | "expired" | undefined): void {
    this.#shard(entry.handle).delete(entry.handle);
    this.#expiry.remove(entry);
    this.#users.move(entry, entry.more.userId, null);
    this.#size -= 1;
    this.#room.remove(entry);
    if (reason !== undefined) this.#listeners.tell({ handle: entry.handle, reason });
  }

  #expire(entry: Entry): void {
    this.#remove(entry, "expired");
    this.onExpired?.(entry.handle, entry.more.userId);
  }
}
