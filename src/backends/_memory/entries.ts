import type { DeleteReason, EndChannel, EndListener } from "../../record/contract.ts";
import type { Change, StoredRecord } from "../../record/record.ts";
import { Entry, moreOf, recordOf } from "./entry.ts";
import { Expiry, TICKS, TOLERANCE, WIDTH } from "./expiry.ts";
import { Listeners } from "./listeners.ts";
import { inOnePiece, Room } from "./room.ts";
import { entriesAfter, SHARDS, shardOf } from "./shards.ts";
import { UserIndex } from "./user-index.ts";

/** What the owner of the entries provides. */
interface Owner {
  now(): number;
  /** Calls back after this many seconds; returns a function that cancels it. */
  after(seconds: number, run: () => void): () => void;
  expired(handle: string, userId: string | null): void;
}

/** All sessions in memory, and what is kept in step with them: deadlines, users, room and listeners. */
export class Entries {
  readonly #shards: Map<string, Entry>[] = Array.from({ length: SHARDS }, () => new Map());
  readonly users: UserIndex<Entry> = new UserIndex();
  readonly expiry: Expiry<Entry>;
  readonly room: Room;
  /** Whole seconds, from which ticks are counted. */
  origin = 0;
  size = 0;
  readonly #listeners = new Listeners();
  readonly #owner: Owner;

  constructor(maxBytes: number, owner: Owner) {
    this.#owner = owner;
    this.expiry = new Expiry({
      after: (seconds, run) => owner.after(seconds, run),
      now: () => this.#ticks(owner.now()),
      free: (entry) => this.expire(entry),
    });
    this.room = new Room(maxBytes, {
      freeOne: () => this.expiry.freeOne(),
      evict: (entry) => this.remove(entry, "revoked"),
    });
  }

  /** Whatever is there, expired or not. */
  find(handle: string): Entry | undefined {
    return this.#shards[shardOf(handle)]!.get(handle);
  }

  hasExpired(entry: Entry, now: number): boolean {
    return entry.expires <= this.#ticks(now);
  }

  live(handle: string, now: number): Entry | undefined {
    const entry = this.find(handle);
    return entry !== undefined && entry.expires > this.#ticks(now) ? entry : undefined;
  }

  /** The same, unless it was moved out. */
  usable(handle: string, now: number): Entry | undefined {
    const entry = this.find(handle);
    return entry !== undefined && entry.expires > this.#ticks(now) && entry.more.epoch >= 0
      ? entry
      : undefined;
  }

  /** See `entriesAfter`. */
  after(handle: string, most: number): Entry[] {
    return entriesAfter(this.#shards, handle, most);
  }

  listen(listener: EndListener): EndChannel {
    return this.#listeners.add(listener);
  }

  /** Applies a change to a live record and stores it, with `all` also what is in `more`. Undefined if there is none. */
  change<W, R>(handle: string, all: boolean, apply: Change<W, R>, what: W): R | undefined {
    const now = this.#owner.now();
    const entry = this.usable(handle, now);
    if (entry === undefined) return undefined;
    const record = recordOf(entry, this.origin);
    const result = apply(record, what, now);
    const data = inOnePiece(record.data);
    this.room.use(entry, data.length - entry.data.length);
    entry.data = data;
    entry.version = record.version;
    const expires = this.#ticks(record.expiresAt);
    if (Math.floor(expires / WIDTH) === Math.floor(entry.expires / WIDTH)) entry.expires = expires;
    else this.expiry.move(entry, expires);
    if (all) {
      const { userId, epoch } = entry.more;
      this.room.remove(entry);
      entry.secretHash = record.secretHash;
      entry.absolute = this.#ticks(record.absoluteExpiresAt);
      entry.more = moreOf(record);
      this.room.add(entry);
      this.users.move(entry, userId, entry.more.userId);
      if (record.epoch > epoch) this.#listeners.tell({ handle, reason: "rights", epoch: record.epoch });
    }
    this.room.make(entry);
    return result;
  }

  add(handle: string, record: StoredRecord, now: number): void {
    if (this.size === 0) this.origin = Math.floor(now);
    const expires = this.#ticks(record.expiresAt);
    const entry = new Entry(handle, record, expires, this.#ticks(record.absoluteExpiresAt));
    entry.data = inOnePiece(record.data);
    this.#shards[shardOf(handle)]!.set(entry.handle, entry);
    this.expiry.add(entry);
    this.users.move(entry, null, entry.more.userId);
    this.size += 1;
    this.room.add(entry);
    this.room.make(entry);
  }

  /** `reason`: for those who listen. */
  remove(entry: Entry, reason?: DeleteReason | "expired"): void {
    this.#shards[shardOf(entry.handle)]!.delete(entry.handle);
    this.expiry.remove(entry);
    this.users.move(entry, entry.more.userId, null);
    this.size -= 1;
    this.room.remove(entry);
    if (reason !== undefined && reason !== "moved") this.#listeners.tell({ handle: entry.handle, reason });
  }

  expire(entry: Entry): void {
    this.remove(entry, "expired");
    this.#owner.expired(entry.handle, entry.more.userId);
  }

  #ticks(time: number): number {
    return Math.floor((time - this.origin) * TICKS + TOLERANCE);
  }
}
