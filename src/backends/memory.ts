import { ConfigError } from "../errors.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { bytesOf, Entry, moreOf } from "./_memory/entry.ts";
import { Expiry, TICKS, TOLERANCE, WIDTH } from "./_memory/expiry.ts";
import { UserIndex } from "./_memory/user-index.ts";
import { warnFull } from "./_memory/warning.ts";
import {
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  newRecord,
  type StoredRecord,
  snapshot,
} from "./_record.ts";
import {
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
} from "./backend.ts";

/** Options of `InMemorySessionBackend`. */
export interface InMemoryOptions {
  /** About how many bytes of memory the sessions may take; default 256 MiB. */
  readonly maxBytes?: number;
}

/** One large Map copies itself whole when it grows, which holds the event loop for 100 ms at half a million sessions. */
const SHARDS = 64;

/**
 * Stores sessions in the memory of this process: the default. They are gone when it ends, and no other process sees them.
 *
 * Every method returns at once. An unreferenced timer frees expired sessions within about twenty seconds, and visits
 * only what expires. When `maxBytes` is reached, each new session evicts the one that is closest to its expiry (with one
 * idle timeout for all: the one unused for longest), and its user is signed out. `evicted` counts these; the first one
 * is also a process warning, `MICROPIE_MEMORY_FULL`. Throws ConfigError `maxBytes`.
 */
export class InMemorySessionBackend extends SessionBackend {
  readonly #shards: Map<string, Entry>[] = Array.from({ length: SHARDS }, () => new Map());
  readonly #users: UserIndex<Entry> = new UserIndex();
  readonly #expiry: Expiry<Entry>;
  readonly #maxBytes: number;
  /** Whole seconds, from which ticks are counted. */
  #origin = 0;
  #size = 0;
  #bytes = 0;
  #evicted = 0;

  constructor(options: InMemoryOptions = {}) {
    super();
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    if (!(this.#maxBytes > 0)) throw new ConfigError("maxBytes", "must be a number of bytes greater than 0");
    this.#expiry = new Expiry({
      after: (seconds, run) => this.environment.timer(seconds, run, true),
      now: () => this.#ticks(this.now()),
      free: (entry) => this.#expire(entry),
      evict: (entry) => this.#evict(entry),
      isFull: () => this.#bytes > this.#maxBytes,
    });
  }

  /** The number of sessions, including expired ones that are not freed yet. */
  get size(): number {
    return this.#size;
  }

  /** About how many bytes of memory they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many live sessions were evicted because of `maxBytes`. */
  get evicted(): number {
    return this.#evicted;
  }

  // Here and not inherited, because every request calls it.
  override now(): number {
    return this.environment.now();
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
    if (old !== undefined) this.#remove(old);
    if (record !== undefined) this.#add(id, record, now);
  }

  override read(handle: string): SessionRecord | undefined {
    const now = this.now();
    const entry = this.#live(handle, now);
    return entry === undefined || entry.secretHash === "" ? undefined : snapshot(this.#recordOf(entry), now);
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
    return this.#change<PatchResult>(handle, all, "ended", (record, now) => applyPatch(record, patch, now));
  }

  override touch(handle: string, idleTimeout: number): boolean {
    return this.#change(handle, false, false, (record, now) => applyTouch(record, idleTimeout, now) || true);
  }

  override delete(handle: string, ifVersion?: number): boolean {
    const entry = this.#shard(handle).get(handle);
    if (entry === undefined || (ifVersion !== undefined && entry.version !== ifVersion)) return false;
    this.#remove(entry);
    return entry.expires > this.#ticks(this.now());
  }

  override listByUser(userId: string): UserSession[] {
    const now = this.now();
    const live = this.#users.list(userId).filter((entry) => entry.expires > this.#ticks(now));
    return live.map((entry) => ({ handle: entry.handle, record: snapshot(this.#recordOf(entry), now) }));
  }

  override revokeUser(userId: string, except?: string): string[] {
    const others = this.#users.list(userId).filter((entry) => entry.handle !== except);
    return others.filter((entry) => this.delete(entry.handle)).map((entry) => entry.handle);
  }

  override lock(handle: string, seconds: number): number | "busy" | "ended" {
    return this.#change<number | "busy" | "ended">(handle, true, "ended", (record, now) =>
      applyLock(record, seconds, now),
    );
  }

  override relock(handle: string, fence: number, seconds: number): boolean {
    return this.#change(handle, true, false, (record, now) => applyRelock(record, fence, seconds, now));
  }

  /** Frees every expired session now. */
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

  /** Applies a change to a live record and stores it; what is in `more` only if that may change too. */
  #change<R>(handle: string, all: boolean, ended: R, change: (record: StoredRecord, now: number) => R): R {
    const now = this.now();
    const entry = this.#live(handle, now);
    if (entry === undefined) return ended;
    const record = this.#recordOf(entry);
    const result = change(record, now);
    const data = inOnePiece(record.data);
    this.#bytes += data.length - entry.data.length;
    entry.data = data;
    entry.version = record.version;
    const expires = this.#ticks(record.expiresAt);
    if (Math.floor(expires / WIDTH) === Math.floor(entry.expires / WIDTH)) entry.expires = expires;
    else this.#expiry.move(entry, expires);
    if (all) this.#changeMore(entry, record);
    if (this.#bytes > this.#maxBytes) this.#expiry.makeRoom(entry);
    return result;
  }

  #changeMore(entry: Entry, record: StoredRecord): void {
    const { userId } = entry.more;
    this.#bytes -= bytesOf(entry);
    entry.secretHash = record.secretHash;
    entry.absolute = this.#ticks(record.absoluteExpiresAt);
    entry.more = moreOf(record);
    this.#bytes += bytesOf(entry);
    this.#users.move(entry, userId, entry.more.userId);
  }

  #recordOf(entry: Entry): StoredRecord {
    const { data, secretHash, version, more } = entry;
    const expiresAt = this.#origin + entry.expires / TICKS;
    const absoluteExpiresAt = this.#origin + entry.absolute / TICKS;
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
    this.#bytes += bytesOf(entry);
    if (this.#bytes > this.#maxBytes) this.#expiry.makeRoom(entry);
  }

  #remove(entry: Entry): void {
    this.#shard(entry.handle).delete(entry.handle);
    this.#expiry.remove(entry);
    this.#users.move(entry, entry.more.userId, null);
    this.#size -= 1;
    this.#bytes -= bytesOf(entry);
  }

  #expire(entry: Entry): void {
    this.#remove(entry);
    this.onExpired?.(entry.handle, entry.more.userId);
  }

  #evict(entry: Entry): void {
    this.#remove(entry);
    if (++this.#evicted === 1) warnFull(this.#maxBytes);
  }
}

/** A text put together from parts keeps them until a character of it is read. */
function inOnePiece(data: string): string {
  if (data.charCodeAt(data.length - 1) !== 125 /* } */) throw new TypeError("data is no JSON object");
  return data;
}
