/**
 * What the engine and the back-ends take from outside: time, chance and timers. Tests and simulations put their own in its
 * place, and then the same program takes the same steps. Ids do not come from here, but always from the system's CSPRNG.
 */
export interface Environment {
  /** Seconds since 1970. */
  now(): number;
  /** A number from 0 up to, and not including, 1: for how long to wait, never for a secret. */
  random(): number;
  /** Calls `run` once, after this many seconds; returns a function that cancels it. It keeps no process alive if `idle`. */
  timer(seconds: number, run: () => void, idle?: boolean): () => void;
}

/** The longest that a timer of the system can wait, in milliseconds; asked for more, it would not wait at all. */
const LONGEST = 2 ** 31 - 1;

/** The real ones: the system's clock, `Math.random` and `setTimeout`. */
export const systemEnvironment: Environment = {
  now: () => Date.now() / 1000,
  random: Math.random,
  timer(seconds, run, idle = false) {
    const timer = setTimeout(run, Math.min(seconds * 1000, LONGEST));
    // In a Worker a timer is a number.
    if (idle) (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
};

/** Resolves after this many seconds. */
export function sleep(environment: Environment, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    environment.timer(seconds, resolve);
  });
}
