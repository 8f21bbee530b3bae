/** Milliseconds after which another call begins anew, because the answer may never come. */
const PATIENCE = 5000;

/** `work`, of which there is one at a time: all that wait for it at the same time wait for the same. */
export function shared(work: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  return () => {
    if (current !== undefined) return current;
    const forget = (): void => {
      clearTimeout(timer);
      if (current === begun) current = undefined;
    };
    const timer = setTimeout(forget, PATIENCE);
    timer.unref?.();
    const begun = work().finally(forget);
    current = begun;
    return begun;
  };
}
