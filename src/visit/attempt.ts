/** Calls `run`, then `done` with its result or `failed` with its error. Synchronous if `run` is. */
export function attempt<V, R>(
  run: () => V | PromiseLike<V>,
  done: (value: V) => R,
  failed: (error: unknown) => R,
): R | PromiseLike<R> {
  let value: V | PromiseLike<V>;
  try {
    value = run();
  } catch (error) {
    return failed(error);
  }
  return isThenable(value) ? value.then(done, failed) : done(value);
}

export function isThenable<V>(value: V | PromiseLike<V>): value is PromiseLike<V> {
  return typeof (value as PromiseLike<V> | null | undefined)?.then === "function";
}
