const SHARDS = 64;
const FIRST_CAPACITY = 8;
/** Fuller than this, a shard grows; four times emptier, it shrinks. */
const MAX_LOAD = 0.8;
const GROWTH = 1.5;

interface Named {
  readonly handle: string;
}

/**
 * Entries by handle. A Map would cost three words an entry besides its own spare room, and one big one copies itself
 * whole when it grows, which holds the event loop for 100 ms at half a million entries. Here an entry costs one slot,
 * its own handle is the key, and each of many small shards copies only itself.
 */
export class HandleTable<V extends Named> {
  readonly #shards: Shard<V>[] = Array.from({ length: SHARDS }, () => new Shard<V>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(handle: string): V | undefined {
    const hash = hashOf(handle);
    return this.#shards[hash % SHARDS]!.get(handle, hash);
  }

  /** Its handle must be free. */
  add(entry: V): void {
    const hash = hashOf(entry.handle);
    this.#shards[hash % SHARDS]!.add(entry, hash);
    this.#size += 1;
  }

  /** Its handle must be there. */
  remove(handle: string): void {
    const hash = hashOf(handle);
    this.#shards[hash % SHARDS]!.remove(handle, hash);
    this.#size -= 1;
  }
}

/** Open addressing with linear probing. */
class Shard<V extends Named> {
  #slots: (V | null)[] = emptySlots(FIRST_CAPACITY);
  #count = 0;

  get(handle: string, hash: number): V | undefined {
    return this.#slots[this.#find(handle, hash)] ?? undefined;
  }

  add(entry: V, hash: number): void {
    this.#count += 1;
    if (this.#count > this.#slots.length * MAX_LOAD) this.#resize(Math.ceil(this.#slots.length * GROWTH));
    this.#slots[this.#find(entry.handle, hash)] = entry;
  }

  remove(handle: string, hash: number): void {
    const slots = this.#slots;
    let hole = this.#find(handle, hash);
    slots[hole] = null;
    this.#count -= 1;
    // Those behind that could not have their own place move up, so that no search stops at the hole.
    for (let at = next(hole, slots); slots[at] !== null; at = next(at, slots)) {
      const home = startOf(hashOf(slots[at]!.handle), slots);
      if (hole <= at ? home > hole && home <= at : home > hole || home <= at) continue;
      slots[hole] = slots[at]!;
      slots[at] = null;
      hole = at;
    }
    const least = Math.ceil((slots.length * MAX_LOAD) / 4);
    if (this.#count < least && slots.length > FIRST_CAPACITY) this.#resize(Math.ceil(slots.length / 2));
  }

  /** Where it is, or else where it would go. */
  #find(handle: string, hash: number): number {
    const slots = this.#slots;
    let at = startOf(hash, slots);
    for (;;) {
      const entry = slots[at];
      if (entry === null || entry === undefined || entry.handle === handle) return at;
      at = next(at, slots);
    }
  }

  #resize(capacity: number): void {
    const old = this.#slots;
    this.#slots = emptySlots(Math.max(capacity, FIRST_CAPACITY));
    for (const entry of old) {
      if (entry !== null) this.#slots[this.#find(entry.handle, hashOf(entry.handle))] = entry;
    }
  }
}

function emptySlots<V>(capacity: number): (V | null)[] {
  return new Array<V | null>(capacity).fill(null);
}

function startOf(hash: number, slots: readonly unknown[]): number {
  return Math.floor(hash / SHARDS) % slots.length;
}

function next(at: number, slots: readonly unknown[]): number {
  return at + 1 === slots.length ? 0 : at + 1;
}

/** Handles are random, so nobody can choose them to collide; FNV-1a only gathers their bits. */
function hashOf(handle: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < handle.length; i++) hash = Math.imul(hash ^ handle.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
