import { type Environment, systemEnvironment } from "../environment.ts";
import { StateError } from "../errors.ts";

/** The longest that a timer can wait; asked for more, it would not wait at all. */
const LONGEST = 2 ** 31 - 1;

/**
 * Waits for everybody who came before under this key, and answers a function that lets the next one go on.
 * Throws what `late` answers after `wait` seconds; whoever comes later begins a new line, and the store decides.
 */
export function standInLine<K>(
  lines: Map<K, Promise<void>>,
  key: K,
  wait: number,
  late: () => StateError,
  environment: Environment = systemEnvironment,
): Promise<() => void> {
  const before = lines.get(key) ?? Promise.resolve();
  let leave: () => void = () => {};
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const all = before.then(() => mine);
  lines.set(key, all);
  void all.then(() => {
    if (lines.get(key) === all) lines.delete(key);
  });
  return new Promise((resolve, reject) => {
    const cancel = environment.timer(wait, () => {
      // Whoever is before may never leave: a Worker drops what a request that is over or canceled had under way.
      lines.delete(key);
      leave();
      reject(late());
    });
    void before.then(() => {
      cancel();
      resolve(leave);
    });
  });
}

export function waited(wait: number): StateError {
  return new StateError(
    "lock_timeout",
    `Other requests of this session kept it to themselves for ${wait} seconds. Try again, or raise lockWait.`,
  );
}

/** Seconds as the milliseconds of a timer. */
export function delayOf(seconds: number): number {
  return Math.min(seconds * 1000, LONGEST);
}
