import { ConfigError } from "../errors.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { Buckets } from "./_memory/buckets.ts";
import { Entry, whole } from "./_memory/entry.ts";
import { HandleTable } from "./_memory/handle-table.ts";
import { Pruner } from "./_memory/pruner.ts";
import { UserIndex } from "./_memory/user-index.ts";
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
  /** Another clock, in seconds, for tests. */
  readonly now?: () => number;
}

/**
 * Sessions in the memory of this process: the default. Gone when the process ends, and not shared between processes.
 *
 * Every method answers at once. Expired sessions are freed within about twenty seconds by an unreferenced timer that
 * visits only what expires. At `maxBytes` each new session pushes out the one that is closest to its expiry (with
 * one idle timeout for all: the one unused for longest); its user is signed out. That is counted in `evicted`, and
 * the first time also said as a process warning, `MICROPIE_MEMORY_FULL`.
 */
export class InMemorySessionBackend extends SessionBackend {
  readonly #entries: HandleTable<Entry> = new HandleTable();
  readonly #buckets: Buckets<Entry> = new Buckets();
  readonly #users: UserIndex<Entry> = new UserIndex();
  readonly #maxBytes: number;
  readonly #clock: (() => number) | undefined;
  readonly #pruner: Pruner;
  #bytes = 0;
  #evicted = 0;

  constructor(options: InMemoryOptions = {}) {
    super();
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    if (!(this.#maxBytes > 0)) throw new ConfigError("maxBytes", "must be a number of bytes greater than 0");
    this.#clock = options.now;
    this.#pruner = new Pruner(
      () => this.#expireDue(this.now()),
      () => this.#entries.size > 0,
    );
  }

  /** How many sessions it holds, expired ones included that are not freed yet. */
  get size(): number {
    return this.#entries.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many live sessions were pushed out because of `maxBytes`. */
  get evicted(): number {
    return this.#evicted;
  }

  override now(): number {
    return this.#clock === undefined ? this.environment.now() : this.#clock();
  }

  override load(id: string): SessionData {
    const entry = this.#live(id, this.now());
    return entry === undefined ? {} : dictionaryOf(entry);
  }

  override save(id: string, data: SessionData, timeout: number): void {
    const old = this.#entries.get(id);
    const gone = timeout <= 0 || Object.keys(data).length === 0;
    const record = gone ? undefined : restored(data, timeout, this.now());
    if (old !== undefined) this.#remove(old);
    if (record !== undefined) this.#add(id, record);
  }

  override read(handle: string): SessionRecord | undefined {
    const now = this.now();
    const entry = this.#live(handle, now);
    return entry === undefined || entry.secretHash === "" ? undefined : snapshot(entry, now);
  }

  override create(handle: string, record: NewRecord): boolean {
    const now = this.now();
    const old = this.#entries.get(handle);
    if (old !== undefined && old.expiresAt > now) return false;
    if (old !== undefined) this.#expire(old);
    this.#add(handle, newRecord(record, now));
    return true;
  }

  override patch(handle: string, patch: SessionPatch): PatchResult {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return "ended";
    const { bytes, expiresAt, userId } = entry;
    const result = applyPatch(entry, patch, this.now());
    if (result === "ended" || result === "stale") return result;
    whole(entry.data);
    if (entry.userId !== userId) {
      if (userId !== null) this.#users.remove(userId, entry);
      if (entry.userId !== null) this.#users.add(entry.userId, entry);
    }
    this.#buckets.move(entry, expiresAt);
    this.#bytes += entry.bytes - bytes;
    if (this.#bytes > this.#maxBytes) this.#makeRoom(entry);
    return result;
  }

  override touch(handle: string, idleTimeout: number): boolean {
    const now = this.now();
    const entry = this.#live(handle, now);
    if (entry === undefined) return false;
    const { expiresAt } = entry;
    if (applyTouch(entry, idleTimeout, now)) this.#buckets.move(entry, expiresAt);
    return true;
  }

  override delete(handle: string, ifVersion?: number): boolean {
    const entry = this.#entries.get(handle);
    if (entry === undefined || (ifVersion !== undefined && entry.version !== ifVersion)) return false;
    this.#remove(entry);
    return entry.expiresAt > this.now();
  }

  override listByUser(userId: string): UserSession[] {
    const now = this.now();
    return this.#users
      .list(userId)
      .filter((entry) => entry.expiresAt > now)
      .sort((a, b) => a.createdAt - b.createdAt)
      .map((entry) => ({ handle: entry.handle, record: snapshot(entry, now) }));
  }

  override revokeUser(userId: string, except?: string): string[] {
    const others = this.#users.list(userId).filter((entry) => entry.handle !== except);
    return others.filter((entry) => this.delete(entry.handle)).map((entry) => entry.handle);
  }

  override lock(handle: string, seconds: number): number | "busy" | "ended" {
    const now = this.now();
    const entry = this.#live(handle, now);
    if (entry === undefined) return "ended";
    const { bytes } = entry;
    const fence = applyLock(entry, seconds, now);
    this.#bytes += entry.bytes - bytes;
    return fence;
  }

  override relock(handle: string, fence: number, seconds: number): boolean {
    const now = this.now();
    const entry = this.#live(handle, now);
    return entry !== undefined && applyRelock(entry, fence, seconds, now);
  }

  /** Frees every expired session now. */
  override prune(): number {
    const now = this.now();
    const before = this.#entries.size;
    while (this.#expireDue(now));
    for (const due of this.#buckets.dueInFirst(now)) this.#expire(due);
    return before - this.#entries.size;
  }

  /** Stops the timer. The sessions stay readable. */
  override close(): void {
    this.#pruner.stop();
  }

  #live(handle: string, now: number): Entry | undefined {
    const entry = this.#entries.get(handle);
    return entry !== undefined && entry.expiresAt > now ? entry : undefined;
  }

  #add(handle: string, record: StoredRecord): void {
    const entry = new Entry(handle, record);
    this.#entries.add(entry);
    if (entry.userId !== null) this.#users.add(entry.userId, entry);
    this.#buckets.add(entry);
    this.#bytes += entry.bytes;
    if (this.#bytes > this.#maxBytes) this.#makeRoom(entry);
    this.#pruner.start();
  }

  #remove(entry: Entry): void {
    this.#entries.remove(entry.handle);
    if (entry.userId !== null) this.#users.remove(entry.userId, entry);
    this.#buckets.remove(entry, entry.expiresAt);
    this.#bytes -= entry.bytes;
  }

  #expire(entry: Entry): void {
    this.#remove(entry);
    this.onExpired?.(entry.handle, entry.userId);
  }

  /** Frees one session of a bucket that is wholly due; answers whether there was one. */
  #expireDue(now: number): boolean {
    const due = this.#buckets.firstDue(now);
    if (due !== undefined) this.#expire(due);
    return due !== undefined;
  }

  #makeRoom(keep: Entry): void {
    // Out of its bucket meanwhile, so that it cannot be chosen.
    this.#buckets.remove(keep, keep.expiresAt);
    const now = this.now();
    for (let first = this.#buckets.first(); this.#bytes > this.#maxBytes; first = this.#buckets.first()) {
      if (first === undefined) break;
      if (first.expiresAt <= now) {
        this.#expire(first);
        continue;
      }
      this.#remove(first);
      this.#evicted += 1;
      if (this.#evicted === 1) warnFull(this.#maxBytes);
    }
    this.#buckets.add(keep);
  }
}

function warnFull(maxBytes: number): void {
  process.emitWarning(
    `The sessions in memory have reached maxBytes (${maxBytes}), so those closest to expiry are being dropped. ` +
      "Raise maxBytes, shorten the idle timeout, or use a back-end with a disk.",
    { type: "MicropieWarning", code: "MICROPIE_MEMORY_FULL" },
  );
}
