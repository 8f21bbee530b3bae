import type { Environment } from "../environment.ts";
import { StateError } from "../errors.ts";

/**
 * Waits for everybody who came before under this key, and returns a function that lets the next one go on.
 * Throws what `late` returns after `wait` seconds; whoever comes later begins a new line, and the store decides.
 */
export function standInLine<K>(
  environment: Environment,
  lines: Map<K, Promise<void>>,
  key: K,
  wait: number,
  late: () => StateError,
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
    `Other requests of this session kept it to themselves for ${wait} seconds. Try again, or raise lock.wait.`,
  );
}
