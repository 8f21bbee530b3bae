/** The longest time that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * Does the work again and again, about every `seconds`, at moments that drift apart from those of other processes.
 * Failures are left to the next time. Answers what stops it. It keeps no process alive; with 0 it never begins.
 */
export function nowAndThen(seconds: number, work: () => Promise<unknown>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = seconds === 0;
  const mean = seconds * 1000;
  const wait = (): void => {
    if (isStopped) return;
    timer = setTimeout(() => work().then(wait, wait), Math.min(mean * (0.5 + Math.random()), LONGEST));
    // Not in every runtime is a timer an object.
    (timer as { unref?(): void }).unref?.();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
