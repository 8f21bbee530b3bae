/** Milliseconds between two batches, so that pruning leaves room for requests. */
const PAUSE = 20;
/** The longest that a timer knows. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls `prune` about every `seconds`, at moments that differ from process to process, and again as long as it says
 * that there is more. With 0 it never begins. Keeps no process alive. Answers how to stop it.
 */
export function startPruning(seconds: number, prune: () => Promise<boolean>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = seconds === 0;
  const wait = (milliseconds: number): void => {
    if (isStopped) return;
    timer = setTimeout(run, Math.min(milliseconds, LONGEST));
    timer.unref?.();
  };
  const waitLong = (): void => wait(seconds * 1000 * (0.5 + Math.random()));
  const run = (): void => {
    prune().then((more) => {
      if (more) wait(PAUSE);
      else waitLong();
      // The database fails: requests say so, and the next search finds what this one would have.
    }, waitLong);
  };
  waitLong();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
