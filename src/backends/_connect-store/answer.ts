/** Calls a store with the callback `done`. */
type Call<T> = (done: (error?: unknown, value?: T) => void) => unknown;

/**
 * Returns the store's result as a promise. Only its first callback counts. A store may also throw, or return a promise:
 * its rejection counts, because the callback is then never called; its fulfillment does not, because some fulfill it
 * before the callback.
 */
export function answerOf<T>(call: Call<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const returned = call((error, value) => (error ? reject(error) : resolve(value)));
    if (isThenable(returned)) returned.then(undefined, reject);
  });
}

/** For `catch`: stores over files fail with ENOENT if there is no such session, which express-session accepts too. */
export function ifMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null | undefined)?.code !== "ENOENT") throw error;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
