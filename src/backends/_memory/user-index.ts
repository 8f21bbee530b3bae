/** The entries of each user. Most users have one, so only a second one makes a set. */
export class UserIndex<E extends object> {
  readonly #entries = new Map<string, E | Set<E>>();
  #size = 0;

  /** How many entries have a user. */
  get size(): number {
    return this.#size;
  }

  /** Moves an entry from one user to another; null is nobody. */
  move(entry: E, from: string | null, to: string | null): void {
    if (from === to) return;
    this.#size += (to === null ? 0 : 1) - (from === null ? 0 : 1);
    if (from !== null) this.#remove(from, entry);
    if (to !== null) this.#add(to, entry);
  }

  #add(userId: string, entry: E): void {
    const there = this.#entries.get(userId);
    if (there === undefined) this.#entries.set(userId, entry);
    else if (there instanceof Set) there.add(entry);
    else if (there !== entry) this.#entries.set(userId, new Set([there, entry]));
  }

  #remove(userId: string, entry: E): void {
    const there = this.#entries.get(userId);
    if (there === entry) this.#entries.delete(userId);
    else if (there instanceof Set && there.delete(entry) && there.size === 0) this.#entries.delete(userId);
  }

  /** Returns a copy, which stays as it is while entries are removed. */
  list(userId: string): E[] {
    const there = this.#entries.get(userId);
    if (there === undefined) return [];
    return there instanceof Set ? [...there] : [there];
  }
}
