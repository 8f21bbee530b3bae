/** Milliseconds: how often expired sessions are freed, how long that may hold the event loop, and the pause after. */
const EVERY = 10_000;
const SLICE = 4;
const PAUSE = 5;

/** Runs the freeing of expired sessions in short slices. It does not keep the process alive, nor run without need. */
export class Pruner {
  readonly #freeOne: () => boolean;
  readonly #isNeeded: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** `freeOne` frees one due session and answers false when there is none. */
  constructor(freeOne: () => boolean, isNeeded: () => boolean) {
    this.#freeOne = freeOne;
    this.#isNeeded = isNeeded;
  }

  /** Cheap, and without effect while it runs. */
  start(): void {
    if (this.#timer === undefined) this.#runIn(EVERY);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #runIn(milliseconds: number): void {
    if (this.#stopped || !this.#isNeeded()) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#runIn(this.#slice() ? EVERY : PAUSE);
    }, milliseconds);
    this.#timer.unref?.();
  }

  /** Answers whether everything due is freed. */
  #slice(): boolean {
    const end = performance.now() + SLICE;
    for (let count = 1; this.#freeOne(); count++) {
      if (count % 32 === 0 && performance.now() > end) return false;
    }
    return true;
  }
}
