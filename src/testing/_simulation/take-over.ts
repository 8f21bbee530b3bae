import { hearEvents } from "./events.ts";
import { replaceIds } from "./ids.ts";

/**
 * Takes over what worlds need of their process: ids, the events of all engines, and stack traces, which nobody looks at and which
 * take a while. Returns a function that gives it back.
 */
export function takeOver(): () => void {
  const putBack = replaceIds();
  const stop = hearEvents();
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  return () => {
    Error.stackTraceLimit = stackTraceLimit;
    stop();
    putBack();
  };
}
