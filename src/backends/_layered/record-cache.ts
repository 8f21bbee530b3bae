import type { SessionRecord } from "../backend.ts";
import { type Moment, secondsBetween } from "./moment.ts";

/** A read that is under way. */
export interface Reading {
  readonly handle: string;
  readonly began: Moment;
  readonly shared: { readers: number };
}

interface Entry {
  readonly record: SessionRecord;
  readonly readAt: Moment;
  /** Seconds since `readAt` for which it says how things are. */
  readonly life: number;
  readonly weight: number;
}

/** Bytes of an entry besides the data: the record, its other texts, its place in the map. Measured, rounded up. */
const OVERHEAD = 600;

/**
 * Records as they were read, the longest unused going first. It keeps nothing that a change has overtaken: neither what
 * was there, nor the answer of a read that had begun before the change.
 */
export class RecordCache {
  readonly #maxBytes: number;
  readonly #maxLife: number;
  readonly #entries = new Map<string, Entry>();
  /** By handle, the reads under way that nothing has overtaken. */
  readonly #reading = new Map<string, { readers: number }>();
  #bytes = 0;

  /** About so many bytes, each record for so many seconds at most. */
  constructor(maxBytes: number, maxLife: number) {
    this.#maxBytes = maxBytes;
    this.#maxLife = maxLife;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The record, with the store's clock as it must be now; undefined once one of its deadlines is over. */
  get(handle: string, now: Moment): SessionRecord | undefined {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return undefined;
    this.#entries.delete(handle);
    const age = secondsBetween(entry.readAt, now);
    if (age >= entry.life) {
      this.#bytes -= entry.weight;
      return undefined;
    }
    this.#entries.set(handle, entry);
    return { ...entry.record, now: entry.record.now + age };
  }

  begin(handle: string, began: Moment): Reading {
    let shared = this.#reading.get(handle);
    if (shared === undefined) {
      shared = { readers: 0 };
      this.#reading.set(handle, shared);
    }
    shared.readers += 1;
    return { handle, began, shared };
  }

  /** Ends a read; keeps what it answered, if anything, unless that was overtaken. */
  end({ handle, began, shared }: Reading, record: SessionRecord | undefined): void {
    if (this.#reading.get(handle) !== shared) return;
    shared.readers -= 1;
    if (shared.readers === 0) this.#reading.delete(handle);
    if (record !== undefined) this.#keep(handle, record, began);
  }

  /** The record has changed, or may have. */
  forget(handle: string): void {
    this.#reading.delete(handle);
    this.#drop(handle);
  }

  forgetAll(): void {
    this.#reading.clear();
    this.#entries.clear();
    this.#bytes = 0;
  }

  #keep(handle: string, record: SessionRecord, readAt: Moment): void {
    this.#drop(handle);
    const weight = OVERHEAD + bytesOf(record.data) + bytesOf(record.userId ?? "");
    const life = Math.min(this.#maxLife, secondsToDeadline(record));
    if (life <= 0 || weight > this.#maxBytes) return;
    this.#entries.set(handle, { record, readAt, life, weight });
    this.#bytes += weight;
    // Two at a time, so that what nobody asks for any more does not stay until there is no room.
    let looked = 0;
    for (const [first, { readAt: since, life }] of this.#entries) {
      const isOver = secondsBetween(since, readAt) >= life;
      if (this.#bytes <= this.#maxBytes && (looked++ === 2 || !isOver)) return;
      this.#drop(first);
    }
  }

  #drop(handle: string): void {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return;
    this.#entries.delete(handle);
    this.#bytes -= entry.weight;
  }
}

/** What a text takes in memory: two bytes for each of its characters if one of them needs two. */
function bytesOf(text: string): number {
  // In UTF-8 more than ASCII is longer, which is found out faster than by looking at each.
  return Buffer.byteLength(text) === text.length ? text.length : text.length * 2;
}

/** Until something about the record becomes different by itself. What it is then, the store's own clock must say. */
function secondsToDeadline(record: SessionRecord): number {
  const { now, expiresAt, absoluteExpiresAt, previousUntil } = record;
  const end = Math.min(expiresAt, absoluteExpiresAt);
  return (previousUntil > now ? Math.min(end, previousUntil) : end) - now;
}
