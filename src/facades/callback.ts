import type { Awaitable } from "../backends/backend.ts";

/** Called when it is done, with the error if it failed. Never called before the method has returned. */
export type SessionCallback = (error?: unknown) => void;

/** What a method of a session does. */
interface Deed {
  /** Marks what is to be done, and throws if the session refuses. */
  readonly verb?: () => unknown;
  /** Does it, beginning at once. */
  readonly work?: () => Awaitable<unknown>;
  /** Whether nobody has to wait for it: the commit before the response meets a failure again. */
  readonly isMetAgain?: boolean;
}

/**
 * Does what a method of a session does, for libraries that call back: with a callback, returns `result` and calls
 * back later. Without one, returns a promise, and throws at once what the verb refuses, where the framework sees it
 * although nobody waits.
 */
export function perform<R>(result: R, callback: SessionCallback | undefined, deed: Deed): R | Promise<void> {
  const { verb, work, isMetAgain = false } = deed;
  const isCalled = typeof callback === "function";
  if (!isCalled) verb?.();
  const done = promised(() => {
    if (isCalled) verb?.();
    return work?.();
  });
  // Without a listener, a failure would end the process.
  if (isMetAgain) done.catch(() => {});
  if (!isCalled) return done;
  // Outside of the promise: what a callback throws is not ours to catch, and reaches the process.
  done.then(
    () => queueMicrotask(() => callback()),
    (error: unknown) => queueMicrotask(() => callback(error)),
  );
  return result;
}

async function promised(work: () => unknown): Promise<void> {
  await work();
}
