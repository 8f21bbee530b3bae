/** One case of a suite, for any test runner: `for (const { name, run } of suite) test(name, run)`. */
export interface SuiteCase {
  /** What holds, in a user's words, after the promise it belongs to. */
  readonly name: string;
  /** The promise of the guarantees page that it proves, such as `C3`. */
  readonly promise: string;
  /** Passes, or rejects with an AssertionError or whatever else went wrong. Each run makes a store of its own. */
  readonly run: () => Promise<void>;
}

/** Seconds. A case waits for nothing but the store, so after this something will never come. */
const LIMIT = 15;

/** Rejects if `work` is not done in time: a gate that nobody reaches must fail a case, not stop the run. */
export async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`After ${LIMIT} seconds this case still waits for something.`)),
      LIMIT * 1000,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
