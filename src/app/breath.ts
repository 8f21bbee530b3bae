/** Milliseconds of work on one body after which other requests have a turn. */
const LONGEST = 5;

/** How long one body has had the event loop. */
export class Breath {
  #since = performance.now();

  /**
   * Lets everything else that waits run, if this body has had the loop for some milliseconds; else returns undefined. In
   * Workers, where time stands still during work, it never waits; there each visitor can have an isolate of their own.
   */
  take(): Promise<void> | undefined {
    return performance.now() - this.#since < LONGEST ? undefined : this.#wait();
  }

  async #wait(): Promise<void> {
    await new Promise<void>((resolve) => void (globalThis.setImmediate ?? setTimeout)(resolve));
    this.#since = performance.now();
  }
}
