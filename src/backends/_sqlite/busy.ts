import { type Environment, sleep } from "../../environment.ts";
import type { Awaitable } from "../../record/contract.ts";
import { isBusy } from "./error.ts";

/**
 * Does the work now. If another process is writing, tries again for `seconds`, at random moments that drift apart and
 * without blocking the event loop; then rejects with the driver's error.
 */
export function whenFree<R>(environment: Environment, seconds: number, work: () => R): Awaitable<R> {
  try {
    return work();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return retry(environment, environment.now() + seconds, work);
  }
}

async function retry<R>(environment: Environment, end: number, work: () => R): Promise<R> {
  for (let wait = 0.002; ; wait = Math.min(wait * 1.5, 0.05)) {
    await sleep(environment, wait * (0.5 + environment.random()));
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || environment.now() >= end) throw error;
    }
  }
}

/** The same, but blocking: for the constructor, which cannot wait. */
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
