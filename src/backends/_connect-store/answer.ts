/** Hands the call to a store; `done` is the callback that it calls. */
type Call<T> = (done: (error?: unknown, value?: T) => void) => unknown;

/**
 * The store's answer as a promise. Only its first callback counts. A store may also throw at once, or answer a promise:
 * that one's failure counts too, because it is then never called back; its fulfillment does not, since some are
 * fulfilled before the store has answered.
 */
export function answerOf<T>(call: Call<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const returned = call((error, value) => (error ? reject(error) : resolve(value)));
    if (isThenable(returned)) returned.then(undefined, reject);
  });
}

/** For `catch`: how stores over files say that there is no such session. express-session knows it as well. */
export function ifMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null | undefined)?.code !== "ENOENT") throw error;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
