/** Work on one key, one piece at a time, in the order it was asked for. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `work` when all earlier work on this key has really settled: a caller that stopped waiting for a slow write
   * does not let the next one overtake it.
   */
  take<R>(key: string, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work);
    const settled: Promise<void> = mine.then(
      () => this.#leave(key, settled),
      () => this.#leave(key, settled),
    );
    this.#last.set(key, settled);
    return mine;
  }

  #leave(key: string, settled: Promise<void>): void {
    if (this.#last.get(key) === settled) this.#last.delete(key);
  }
}
