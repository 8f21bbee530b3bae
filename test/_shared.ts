import { EVENT_NAMES, isHeard } from "micropie/core/events";
import { systemEnvironment } from "micropie/environment";
import { afterAll, beforeAll, expect } from "vitest";

// Test files of the base circle share their modules and globals: what a file replaces, it has to put back.

const globals = () => ({
  Date,
  Request,
  Response,
  Headers,
  fetch,
  setTimeout,
  setInterval,
  setImmediate,
  queueMicrotask,
  random: Math.random,
  now: performance.now,
  getRandomValues: crypto.getRandomValues,
  error: console.error,
  warn: console.warn,
  emitWarning: process.emitWarning,
  directory: process.cwd(),
  env: JSON.stringify(process.env),
  rejections: process.listenerCount("unhandledRejection"),
  exceptions: process.listenerCount("uncaughtException"),
  warnings: process.listenerCount("warning"),
  signals: process.listenerCount("SIGTERM"),
  heard: EVENT_NAMES.filter(isHeard).join(),
});

const waiting = new Set<() => void>();
const { timer } = systemEnvironment;

/** Events are for the whole process, so what waits when a file is done must not publish any in the next. */
const noted: typeof timer = (seconds, run, idle) => {
  const cancel = timer(
    seconds,
    () => {
      waiting.delete(forget);
      run();
    },
    idle,
  );
  const forget = (): void => {
    waiting.delete(forget);
    cancel();
  };
  waiting.add(forget);
  return forget;
};

let before: ReturnType<typeof globals>;
beforeAll(() => {
  before = globals();
  systemEnvironment.timer = noted;
});
afterAll(() => {
  for (const forget of [...waiting]) forget();
  systemEnvironment.timer = timer;
  const after = globals();
  const changed = (Object.keys(before) as (keyof typeof before)[]).filter(
    (key) => after[key] !== before[key],
  );
  expect(changed, "globals that this file has to put back, or list the file in ISOLATED").toEqual([]);
});
