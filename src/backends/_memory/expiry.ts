/** What can be linked to others with nearly the same deadline, so that taking it out never searches. */
interface Linked<E> {
  expires: number;
  previous: E | null;
  next: E | null;
}

/**
 * Ticks per second. Deadlines are counted in ticks since the first session, as small integers: V8 stores those in the
 * field itself, where a fraction or a time since 1970 would be an object of its own.
 */
export const TICKS = 64;

/** Times are rounded down to a tick, so that nothing lives too long; a sum that is this little off does not lose one. */
export const TOLERANCE = 0.001;

/** The width of a bucket, in ticks: ten seconds. What is in the same bucket is freed together. */
export const WIDTH: number = 10 * TICKS;

/** Seconds between two searches for what is due. */
const EVERY = 10;
/** How many are freed in one go, while nothing else runs: a few milliseconds of work. */
const SLICE = 1000;
/** Seconds between two slices, for other work. */
const PAUSE = 0.005;

/** What the owner of the entries provides. */
interface Owner<E> {
  /** Calls back after this many seconds; returns a function that cancels it. */
  after(seconds: number, run: () => void): () => void;
  /** The time, in ticks. */
  now(): number;
  /** Removes an entry that has expired, from here as well. */
  free(entry: E): void;
}

/**
 * Entries in buckets by deadline, so that expiry visits only what expires, and a timer that frees them in short slices.
 * The timer does not keep the process alive, and does not run while there are no entries.
 */
export class Expiry<E extends Linked<E>> {
  readonly #owner: Owner<E>;
  /** The first entry of each bucket. */
  readonly #heads = new Map<number, E>();
  /** There is no bucket below this one. */
  #lowest = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(owner: Owner<E>) {
    this.#owner = owner;
  }

  add(entry: E): void {
    const bucket = bucketOf(entry);
    const head = this.#heads.get(bucket) ?? null;
    entry.previous = null;
    entry.next = head;
    if (head !== null) head.previous = entry;
    this.#heads.set(bucket, entry);
    if (bucket < this.#lowest) this.#lowest = bucket;
    if (this.#cancel === undefined) this.#runIn(EVERY);
  }

  /** Call it before the deadline of the entry changes. */
  remove(entry: E): void {
    const { previous, next } = entry;
    if (next !== null) next.previous = previous;
    if (previous !== null) previous.next = next;
    else if (next !== null) this.#heads.set(bucketOf(entry), next);
    else this.#heads.delete(bucketOf(entry));
    entry.previous = null;
    entry.next = null;
  }

  move(entry: E, expires: number): void {
    this.remove(entry);
    entry.expires = expires;
    this.add(entry);
  }

  /** Returns some entry of the earliest bucket: no other expires more than the width of a bucket before it. */
  first(): E | undefined {
    if (this.#heads.size === 0) return undefined;
    const farthest = this.#lowest + this.#heads.size;
    while (!this.#heads.has(this.#lowest) && this.#lowest < farthest) this.#lowest += 1;
    // Far apart, as after a jump of the clock: looking at each bucket is less work than counting on.
    if (!this.#heads.has(this.#lowest)) {
      this.#lowest = Number.POSITIVE_INFINITY;
      for (const bucket of this.#heads.keys()) if (bucket < this.#lowest) this.#lowest = bucket;
    }
    return this.#heads.get(this.#lowest);
  }

  /** Frees everything that is due now, also in a bucket that is due only in part. Returns how many. */
  freeAll(): number {
    let freed = 0;
    for (let some = SLICE; some === SLICE; freed += some) some = this.#freeSlice();
    const now = this.#owner.now();
    for (let entry = this.first() ?? null; entry !== null; ) {
      const { next } = entry;
      if (entry.expires <= now) {
        this.#owner.free(entry);
        freed += 1;
      }
      entry = next;
    }
    return freed;
  }

  /** Frees one entry that has expired, if one of the earliest bucket has. Returns whether it did. */
  freeOne(): boolean {
    const entry = this.first();
    if (entry === undefined || entry.expires > this.#owner.now()) return false;
    this.#owner.free(entry);
    return true;
  }

  /** Returns what has expired and is not freed yet, at most `most` of it. */
  due(most: number): E[] {
    const now = this.#owner.now();
    const due: E[] = [];
    this.first();
    for (let bucket = this.#lowest; bucket * WIDTH <= now && due.length < most; bucket++) {
      let entry = this.#heads.get(bucket) ?? null;
      for (; entry !== null && due.length < most; entry = entry.next)
        if (entry.expires <= now) due.push(entry);
    }
    return due;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #runIn(seconds: number): void {
    if (this.#isStopped || this.#heads.size === 0) return;
    this.#cancel = this.#owner.after(seconds, () => {
      this.#cancel = undefined;
      this.#runIn(this.#freeSlice() === SLICE ? PAUSE : EVERY);
    });
  }

  /** Frees up to a slice of what is in buckets that are wholly due. Returns how many. */
  #freeSlice(): number {
    const now = this.#owner.now();
    for (let freed = 0; freed < SLICE; freed++) {
      const entry = this.first();
      if (entry === undefined || (this.#lowest + 1) * WIDTH > now) return freed;
      this.#owner.free(entry);
    }
    return SLICE;
  }
}

function bucketOf({ expires }: { readonly expires: number }): number {
  return Math.floor(expires / WIDTH);
}
