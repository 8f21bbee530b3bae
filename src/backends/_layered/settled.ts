import type { Awaitable } from "../backend.ts";

/** Runs it, and calls `done` as soon as it has answered, without an answer if it failed. */
export function settled<T>(run: () => Awaitable<T>, done: (answer?: T) => void): Awaitable<T> {
  let answer: Awaitable<T>;
  try {
    answer = run();
  } catch (error) {
    done();
    throw error;
  }
  if (!isThenable(answer)) {
    done(answer);
    return answer;
  }
  return Promise.resolve(answer).then(
    (later) => {
      done(later);
      return later;
    },
    (error: unknown) => {
      done();
      throw error;
    },
  );
}

/** Whether somebody else's code answered later. */
export function isThenable<T>(answer: Awaitable<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === "function";
}
