import type { Awaitable } from "../backends/backend.ts";

/** Called when the method is done, with the error if it failed. Never called before the method has returned. */
export type SessionCallback = (error?: unknown) => void;

/** What a method of a session does. */
interface Deed {
  /** States the intent. Throws if the session cannot be changed. */
  readonly verb?: () => unknown;
  /** Does the work. Called at once. */
  readonly work?: () => Awaitable<unknown>;
  /** Takes the place of `work` if the callback takes the error: `() => ...` hears of none. */
  readonly heard?: () => Awaitable<unknown>;
  /** Whether the commit before the response reports the same failure, so that nobody has to wait for this one. */
  readonly isMetAgain?: boolean;
}

/**
 * Runs a method of a session. With a callback, returns undefined and calls back later: frameworks send what a handler
 * returns. Without one, returns a promise, and throws what the verb throws at once: a framework sees it there even if
 * nobody waits for the promise.
 */
export function perform(callback: SessionCallback | undefined, deed: Deed): Promise<void> | undefined {
  const { verb, work, heard, isMetAgain = false } = deed;
  const isCalled = typeof callback === "function";
  if (!isCalled) verb?.();
  const done = promised(() => {
    if (isCalled) verb?.();
    return (isCalled && callback.length > 0 && heard ? heard : work)?.();
  });
  // Without a listener, a failure would end the process.
  if (isMetAgain) done.catch(() => {});
  if (!isCalled) return done;
  // Outside of the promise: what a callback throws is not ours to catch, and reaches the process.
  done.then(
    () => queueMicrotask(() => callback()),
    (error: unknown) => queueMicrotask(() => callback(error)),
  );
  return undefined;
}

async function promised(work: () => unknown): Promise<void> {
  await work();
}
