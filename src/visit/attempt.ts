/** Runs something, and goes on with what it returned or threw: at once, or when its promise settles. */
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
