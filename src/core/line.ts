import { StateError } from "../errors.ts";

/**
 * Waits for everybody who came before under this key, and answers a function that lets the next one go on.
 * Throws StateError `lock_timeout` after `wait` seconds; whoever comes later still waits for those before.
 */
export function standInLine(
  lines: Map<string, Promise<void>>,
  key: string,
  wait: number,
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
    const timer = setTimeout(() => {
      leave();
      reject(waited(wait));
    }, wait * 1000);
    void before.then(() => {
      clearTimeout(timer);
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

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
