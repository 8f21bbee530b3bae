import type { Environment } from "../../environment.ts";

/** Seconds between two batches, so that pruning leaves room for requests. */
const PAUSE = 0.02;

/**
 * Calls `prune` about every `seconds`, at random moments so that processes do not prune together, and again at once
 * while it returns true, for more to do. With 0 it never starts. Does not keep the process alive. Returns how to stop it.
 */
export function startPruning(
  owner: { readonly environment: Environment },
  seconds: number,
  prune: () => Promise<boolean>,
): () => void {
  let cancel = (): void => {};
  let isStopped = seconds === 0;
  const wait = (time: number): void => {
    if (!isStopped) cancel = owner.environment.timer(time, run, true);
  };
  const waitLong = (): void => wait(seconds * (0.5 + owner.environment.random()));
  // If the database fails, requests say so, and the next run finds what this one would have.
  const run = (): void => void prune().then((more) => (more ? wait(PAUSE) : waitLong()), waitLong);
  waitLong();
  return () => {
    isStopped = true;
    cancel();
  };
}
