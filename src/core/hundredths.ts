import type { Environment } from "../environment.ts";

/**
 * Returns a clock that counts the whole hundredths of a second that have passed since. When the system's clock is set back, it stands
 * still for a moment instead.
 */
export function hundredths(environment: Environment): () => number {
  let last = environment.now();
  let passed = 0;
  return () => {
    const now = environment.now();
    if (now > last) passed += (now - last) * 100;
    last = now;
    return Math.floor(passed);
  };
}
