/** One case of a suite, for any test runner: `for (const { name, run } of suite) test(name, run)`. */
export interface SuiteCase {
  /** The promise that it tests, and what is tested. */
  readonly name: string;
  /** The promise of the guarantees page, such as `C3`. */
  readonly promise: string;
  /** Passes, or rejects with an AssertionError or with what else went wrong. Each run makes a store of its own. */
  readonly run: () => Promise<void>;
}

/** Seconds. A case waits for conditions only, so this is far more than the slowest store needs on a busy machine. */
const LIMIT = 100;

/** Rejects if `work` is not done in time: a gate that nothing reaches fails a case and does not stop the run. */
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
