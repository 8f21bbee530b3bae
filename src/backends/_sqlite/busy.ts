import { pause } from "../_attempts.ts";
import type { Awaitable } from "../backend.ts";
import { isBusy } from "./error.ts";

/**
 * Does the work now; if another process is just writing, tries again for `seconds`, at random moments that drift
 * apart, without holding the event loop. Then rejects with the driver's error.
 */
export function whenFree<R>(seconds: number, work: () => R): Awaitable<R> {
  try {
    return work();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return retry(performance.now() + seconds * 1000, work);
  }
}

async function retry<R>(end: number, work: () => R): Promise<R> {
  for (let wait = 2; ; wait = Math.min(wait * 1.5, 50)) {
    await pause(wait * (0.5 + Math.random()));
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= end) throw error;
    }
  }
}

/** For the start, where nothing can be answered yet: the same, but blocking. */
export function blockUntilFree(seconds: number, work: () => void): void {
  const end = performance.now() + seconds * 1000;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= end) throw error;
      Atomics.wait(clock, 0, 0, 2 + Math.random() * 20);
    }
  }
}
