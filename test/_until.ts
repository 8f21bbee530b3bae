import { setTimeout as sleep } from "node:timers/promises";

/** Seconds: far more than the slowest machine needs. What takes longer does not come any more. */
const PATIENCE = 100;

/** Tries until it works; returns what it then returned. Throws the last error after 100 seconds. */
export async function until<T>(attempt: () => T | Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(25);
  }
}
