import type { Environment } from "../environment.ts";

/** Seconds after which work that has not settled is no longer waited for. */
const PATIENCE = 30;

/** Runs work on the same key one after the other, in the order of the calls. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();
  readonly #owner: { readonly environment: Environment };

  /** `owner`: whose environment has the timers. */
  constructor(owner: { readonly environment: Environment }) {
    this.#owner = owner;
  }

  /**
   * Runs `work` once all earlier work on this key has settled, even if its caller has stopped waiting for it, so that no
   * write overtakes a slow one. Work that takes longer than half a minute is overtaken: a call that the store never
   * answers must not block this key for ever.
   */
  take<R>(key: string, work: () => Promise<R>): Promise<R> {
    let leave: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const begin = (): Promise<R> => {
      const cancel = this.#owner.environment.timer(PATIENCE, leave, true);
      return work().finally(() => {
        cancel();
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
