import type { SessionBackend } from "../backends/backend.ts";

/** A clock that only the test moves; `now` is seconds since 1970. */
export interface MovableClock {
  /** To be handed to a back-end as its clock. */
  readonly now: () => number;
  /** Moves it by so many seconds; backwards with a negative number. */
  advance(seconds: number): void;
}

/** A clock that stands still until it is moved. Begins at `start`, seconds since 1970; default: the whole second it is. */
export function movableClock(start: number = Math.floor(Date.now() / 1000)): MovableClock {
  let time = start;
  return {
    now: () => time,
    advance(seconds) {
      time += seconds;
    },
  };
}

/** Gives a back-end a clock that the test moves, and returns it. The rest of its environment stays as it is. */
export function withClock<B extends SessionBackend>(backend: B, now: () => number): B {
  backend.environment = { ...backend.environment, now };
  return backend;
}
