/** Which entries belong to which user. Most users have one, so only more of them make a set. */
export class UserIndex<E extends object> {
  readonly #entries = new Map<string, E | Set<E>>();

  add(userId: string, entry: E): void {
    const there = this.#entries.get(userId);
    if (there === undefined) this.#entries.set(userId, entry);
    else if (there instanceof Set) there.add(entry);
    else if (there !== entry) this.#entries.set(userId, new Set([there, entry]));
  }

  remove(userId: string, entry: E): void {
    const there = this.#entries.get(userId);
    if (there === entry) this.#entries.delete(userId);
    else if (there instanceof Set && there.delete(entry) && there.size === 0) this.#entries.delete(userId);
  }

  /** A copy, safe to go through while entries leave. */
  list(userId: string): E[] {
    const there = this.#entries.get(userId);
    if (there === undefined) return [];
    return there instanceof Set ? [...there] : [there];
  }
}
