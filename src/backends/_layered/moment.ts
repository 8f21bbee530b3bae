/** A moment by two clocks, in seconds. */
export interface Moment {
  /** On a clock that nobody sets, but which stands still while the machine sleeps. */
  readonly steady: number;
  /** The back-end's clock, which goes on while the machine sleeps, but may be set. */
  readonly wall: number;
}

/** Seconds between two moments: by the clock that counted more, and endless if one was set back in between. */
export function secondsBetween(before: Moment, after: Moment): number {
  const wall = after.wall - before.wall;
  return wall < 0 ? Number.POSITIVE_INFINITY : Math.max(wall, after.steady - before.steady);
}

/** Resolves when so many seconds are over, never sooner; a timer alone may be early. */
export async function passed(seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0; left = until - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(left)));
  }
}
