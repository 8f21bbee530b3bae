/** Milliseconds after which work that has not settled is taken for lost, and no longer waited for. */
const PATIENCE = 30_000;

/** Work on one key, one piece at a time, in the order it was asked for. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `work` when all earlier work on this key has really settled: a caller that stopped waiting for a slow write
   * does not let the next one overtake it. Only work that takes half a minute is overtaken, because a call that the
   * store never answers would else hold up this key for ever.
   */
  take<R>(key: string, work: () => Promise<R>): Promise<R> {
    let leave: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const begin = (): Promise<R> => {
      const timer = setTimeout(leave, PATIENCE);
      timer.unref?.();
      return work().finally(() => {
        clearTimeout(timer);
        leave();
      });
    };
    const before = this.#last.get(key);
    const mine = before === undefined ? begin() : before.then(begin);
    const settled: Promise<void> = over.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    this.#last.set(key, settled);
    return mine;
  }
}
