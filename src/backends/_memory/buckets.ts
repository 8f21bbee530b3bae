/** What a bucket holds: links of its own, so that taking one out never searches. */
export interface Linked<E> {
  readonly expiresAt: number;
  previous: E | null;
  next: E | null;
}

/** Seconds. Entries whose deadlines are this close together expire together. */
const WIDTH = 10;

/** Entries by deadline, so that expiry visits only what expires. Every operation takes the same short time. */
export class Buckets<E extends Linked<E>> {
  readonly #heads = new Map<number, E>();
  /** No bucket lies below this one. */
  #lowest = Number.POSITIVE_INFINITY;

  add(entry: E): void {
    const bucket = bucketOf(entry.expiresAt);
    const head = this.#heads.get(bucket) ?? null;
    entry.previous = null;
    entry.next = head;
    if (head !== null) head.previous = entry;
    this.#heads.set(bucket, entry);
    if (bucket < this.#lowest) this.#lowest = bucket;
  }

  /** Takes out an entry that was added with this deadline. */
  remove(entry: E, expiresAt: number): void {
    const { previous, next } = entry;
    if (next !== null) next.previous = previous;
    if (previous !== null) previous.next = next;
    else if (next !== null) this.#heads.set(bucketOf(expiresAt), next);
    else this.#heads.delete(bucketOf(expiresAt));
    entry.previous = null;
    entry.next = null;
  }

  /** Puts an entry where its new deadline belongs. */
  move(entry: E, from: number): void {
    if (bucketOf(from) === bucketOf(entry.expiresAt)) return;
    this.remove(entry, from);
    this.add(entry);
  }

  /** Some entry of the earliest bucket: none other expires more than the width of a bucket before it. */
  first(): E | undefined {
    if (this.#heads.size === 0) return undefined;
    const farthest = this.#lowest + this.#heads.size;
    while (!this.#heads.has(this.#lowest) && this.#lowest < farthest) this.#lowest += 1;
    // Buckets lie far apart, as after a jump of the clock: to look at each of them is less than to count on.
    if (!this.#heads.has(this.#lowest)) {
      this.#lowest = Number.POSITIVE_INFINITY;
      for (const bucket of this.#heads.keys()) if (bucket < this.#lowest) this.#lowest = bucket;
    }
    return this.#heads.get(this.#lowest);
  }

  /** An entry whose whole bucket is due. */
  firstDue(now: number): E | undefined {
    const entry = this.first();
    return entry !== undefined && (this.#lowest + 1) * WIDTH <= now ? entry : undefined;
  }

  /** All due entries of the earliest bucket, which may hold others too. */
  dueInFirst(now: number): E[] {
    const due: E[] = [];
    for (let entry = this.first() ?? null; entry !== null; entry = entry.next) {
      if (entry.expiresAt <= now) due.push(entry);
    }
    return due;
  }
}

function bucketOf(expiresAt: number): number {
  return Math.floor(expiresAt / WIDTH);
}
