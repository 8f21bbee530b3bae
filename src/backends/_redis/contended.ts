/** Seconds after which a session counts as quiet again. */
const FOR = 1;

/** How many sessions are remembered. */
const MOST = 1000;

/** The sessions that several requests have changed at once a moment ago: their changes are sent along at once. */
export class Contended {
  readonly #since = new Map<string, number>();

  add(handle: string, now: number): void {
    if (this.#since.size === MOST) this.#since.clear();
    this.#since.set(handle, now);
  }

  has(handle: string, now: number): boolean {
    const since = this.#since.get(handle);
    if (since === undefined) return false;
    if (now - since >= 0 && now - since < FOR) return true;
    this.#since.delete(handle);
    return false;
  }
}
