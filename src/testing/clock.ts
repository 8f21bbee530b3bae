import type { SessionBackend } from "../backends/backend.ts";
import type { Environment } from "../environment.ts";
import { randomFrom } from "./random.ts";

/** Where a virtual environment begins. */
export interface VirtualOptions {
  /** Seconds since 1970. Default: the second in which it is made. */
  readonly start?: number | undefined;
  /** Which random numbers it gives: the same seed gives the same numbers. Default 1. */
  readonly seed?: number | undefined;
}

/**
 * An `Environment` in which time stands still until a test moves it, and in which random numbers follow from a seed.
 * A program that takes both from here takes the same steps each time.
 */
export interface VirtualEnvironment extends Environment {
  /** `now` as a function of its own, to be passed on. */
  readonly now: () => number;
  /**
   * Moves time by this many seconds. Timers that come due on the way run in their order, each at its own time. A negative
   * number sets the clock back and runs nothing.
   */
  advance(seconds: number): void;
  /**
   * Settles as `work` does. Each time that `work` waits for nothing but a timer, time moves to the timer that is due
   * next. Only for work that stays in this process: while it waits for a file or a socket, time would move on as well.
   */
  run<T>(work: Promise<T>): Promise<T>;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  readonly idle: boolean;
}

/** Turns of the event loop in which nothing is set or canceled, after which work waits for a timer. */
const QUIET_TURNS = 20;

/** Makes a virtual environment. */
export function virtualEnvironment({
  start = Math.floor(Date.now() / 1000),
  seed = 1,
}: VirtualOptions = {}): VirtualEnvironment {
  let time = start;
  /** Counts the timers that were set, canceled or run. */
  let changes = 0;
  const timers = new Set<Timer>();

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (first === undefined || timer.due < first.due) first = timer;
    return first;
  };
  /** Runs what is due until then, each timer at its own time. */
  const moveTo = (end: number): void => {
    for (let timer = next(); timer !== undefined && timer.due <= end; timer = next()) {
      timers.delete(timer);
      changes++;
      time = Math.max(time, timer.due);
      timer.run();
    }
    time = Math.max(time, end);
  };

  return {
    now: () => time,
    random: randomFrom(seed),
    timer(seconds, run, idle = false) {
      const timer: Timer = { due: time + Math.max(0, seconds), run, idle };
      timers.add(timer);
      changes++;
      return () => {
        if (timers.delete(timer)) changes++;
      };
    },
    advance(seconds) {
      if (seconds < 0) time += seconds;
      else moveTo(time + seconds);
    },
    async run(work) {
      let done = false;
      const end = (): void => {
        done = true;
      };
      work.then(end, end);
      for (let quiet = 0, seen = changes; !done; seen = changes) {
        await new Promise(setImmediate);
        quiet = seen === changes ? quiet + 1 : 0;
        const waits = quiet >= QUIET_TURNS && Array.from(timers).some(({ idle }) => !idle);
        if (waits) moveTo(Math.max(time, next()?.due ?? time));
      }
      return work;
    },
  };
}

/** Gives a back-end a clock that the test moves, and returns it. The rest of its environment stays as it is. */
export function withClock<B extends SessionBackend>(backend: B, now: () => number): B {
  backend.environment = { ...backend.environment, now };
  return backend;
}
