/** A place where something waits until the test lets it go on: what makes the order of a race exact. */
export interface Gate {
  /** Fulfilled when the first one waits here. */
  readonly reached: Promise<void>;
  /** Waits until the gate is open; goes on at once afterwards. */
  wait(): Promise<void>;
  /** Lets everybody through, now and later. */
  open(): void;
}

export function gate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    wait() {
      reached.resolve();
      return opened.promise;
    },
    open() {
      opened.resolve();
    },
  };
}
