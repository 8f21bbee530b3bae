import type { StoredRecord } from "../_record.ts";
import type { Linked } from "./buckets.ts";

/** What most sessions share with others, so it is kept once. */
interface Lifetime {
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly persistent: boolean;
}

/**
 * Times are kept as 64ths of a second since the process started: small integers, which V8 keeps in the field itself,
 * where a fraction or a time since 1970 would be an object of its own.
 */
const TICKS = 64;
const START = Math.floor(Date.now() / 1000);

function ticksOf(time: number): number {
  return wholeTicks(time - START);
}

/** Rounded down, so that nothing is created in the future or lives too long; a sum that is a little off is not less. */
function wholeTicks(seconds: number): number {
  return Math.floor(seconds * TICKS + 0.001);
}

function timeOf(ticks: number): number {
  return START + ticks / TICKS;
}

/** What only a session has that was rotated, signed in or locked. */
interface Rare extends Lifetime {
  previousSecretHash: string | null;
  previousEpoch: number;
  previousUntil: number;
  epoch: number;
  userId: string | null;
  fence: number;
  lockedUntil: number;
}

/** Bytes of an entry besides its texts: this object, its place in the map, the texts' headers. Measured, rounded up. */
const OVERHEAD = 240;

const NOTHING: Omit<Rare, keyof Lifetime> = {
  previousSecretHash: null,
  previousEpoch: 0,
  previousUntil: 0,
  epoch: 0,
  userId: null,
  fence: 0,
  lockedUntil: 0,
};

/** One session in memory. Few fields, because there may be millions; the rest is behind accessors. */
export class Entry implements StoredRecord, Linked<Entry> {
  readonly handle: string;
  data: string;
  secretHash: string;
  version: number;
  previous: Entry | null = null;
  next: Entry | null = null;
  #createdAt: number;
  #expiresAt: number;
  /** A shared lifetime until the session has more to it. */
  #more: Lifetime | Rare;

  constructor(handle: string, record: StoredRecord) {
    this.handle = detached(handle);
    this.data = whole(record.data);
    this.secretHash = detached(record.secretHash);
    this.version = record.version;
    this.#createdAt = ticksOf(record.createdAt);
    this.#expiresAt = ticksOf(record.expiresAt);
    this.#more = lifetimeOf(
      record.idleTimeout,
      record.absoluteExpiresAt - record.createdAt,
      record.persistent,
    );
    const { previousSecretHash, previousEpoch, previousUntil, epoch, userId, fence, lockedUntil } = record;
    if (previousSecretHash !== null || epoch !== 0 || userId !== null || fence !== 0) {
      Object.assign(Entry.#rare(this), {
        previousSecretHash,
        previousEpoch,
        previousUntil,
        epoch,
        fence,
        lockedUntil,
      });
      this.userId = userId;
    }
  }

  /** About how much memory it takes. */
  get bytes(): number {
    const rare = Entry.#seen(this);
    return OVERHEAD + this.data.length + (rare === NOTHING ? 0 : 250 + (rare.userId?.length ?? 0));
  }

  get createdAt(): number {
    return timeOf(this.#createdAt);
  }
  set createdAt(time: number) {
    this.#createdAt = ticksOf(time);
  }
  get expiresAt(): number {
    return timeOf(this.#expiresAt);
  }
  set expiresAt(time: number) {
    this.#expiresAt = ticksOf(time);
  }

  get idleTimeout(): number {
    return this.#more.idleTimeout;
  }
  set idleTimeout(seconds: number) {
    Entry.#setLifetime(this, seconds, this.#more.absoluteTimeout, this.#more.persistent);
  }
  get absoluteExpiresAt(): number {
    return this.createdAt + this.#more.absoluteTimeout;
  }
  set absoluteExpiresAt(time: number) {
    Entry.#setLifetime(this, this.#more.idleTimeout, time - this.createdAt, this.#more.persistent);
  }
  get persistent(): boolean {
    return this.#more.persistent;
  }
  set persistent(persistent: boolean) {
    Entry.#setLifetime(this, this.#more.idleTimeout, this.#more.absoluteTimeout, persistent);
  }

  get previousSecretHash(): string | null {
    return Entry.#seen(this).previousSecretHash;
  }
  set previousSecretHash(hash: string | null) {
    Entry.#rare(this).previousSecretHash = hash;
  }
  get previousEpoch(): number {
    return Entry.#seen(this).previousEpoch;
  }
  set previousEpoch(epoch: number) {
    Entry.#rare(this).previousEpoch = epoch;
  }
  get previousUntil(): number {
    return Entry.#seen(this).previousUntil;
  }
  set previousUntil(time: number) {
    Entry.#rare(this).previousUntil = time;
  }
  get epoch(): number {
    return Entry.#seen(this).epoch;
  }
  set epoch(epoch: number) {
    Entry.#rare(this).epoch = epoch;
  }
  get userId(): string | null {
    return Entry.#seen(this).userId;
  }
  set userId(userId: string | null) {
    Entry.#rare(this).userId = userId === null ? null : detached(userId);
  }
  get fence(): number {
    return Entry.#seen(this).fence;
  }
  set fence(fence: number) {
    Entry.#rare(this).fence = fence;
  }
  get lockedUntil(): number {
    return Entry.#seen(this).lockedUntil;
  }
  set lockedUntil(time: number) {
    Entry.#rare(this).lockedUntil = time;
  }

  // Static, because a private method of the instance would take a field of each.
  static #seen(entry: Entry): Omit<Rare, keyof Lifetime> {
    return "epoch" in entry.#more ? entry.#more : NOTHING;
  }

  static #rare(entry: Entry): Rare {
    const more = entry.#more;
    if ("epoch" in more) return more;
    const rare = { ...more, ...NOTHING };
    entry.#more = rare;
    return rare;
  }

  static #setLifetime(entry: Entry, idleTimeout: number, absoluteTimeout: number, persistent: boolean): void {
    const lifetime = lifetimeOf(idleTimeout, absoluteTimeout, persistent);
    entry.#more = "epoch" in entry.#more ? { ...entry.#more, ...lifetime } : lifetime;
  }
}

const lifetimes: Lifetime[] = [];

function lifetimeOf(idleTimeout: number, exactTimeout: number, persistent: boolean): Lifetime {
  // In ticks like the times it is the difference of, or it would be another lifetime each time.
  const absoluteTimeout = wholeTicks(exactTimeout) / TICKS;
  for (const known of lifetimes) {
    if (
      known.idleTimeout === idleTimeout &&
      known.absoluteTimeout === absoluteTimeout &&
      known.persistent === persistent
    ) {
      return known;
    }
  }
  const lifetime = { idleTimeout, absoluteTimeout, persistent };
  lifetimes.unshift(lifetime);
  if (lifetimes.length > 16) lifetimes.pop();
  return lifetime;
}

/**
 * A copy that shares nothing: a string cut out of another (a cookie header, a request body) would keep all of that
 * in memory for as long as the session lives.
 */
function detached(text: string): string {
  if (text.length > 1024) return text;
  const units = new Array<number>(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return String.fromCharCode(...units);
}

/** The same text in one piece: a string put together from parts keeps the parts until a character of it is read. */
export function whole(text: string): string {
  if (text.charCodeAt(text.length - 1) !== 125 /* } */)
    throw new TypeError("data is not the text of an object");
  return text;
}
