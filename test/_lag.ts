import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION = 10;

/** How long this process has to wait for its turn: how busy the machine is. */
export interface Lag {
  /** The longest wait since the beginning, in milliseconds. */
  most(): number;
  stop(): void;
}

/** Begins to measure. */
export function watchLag(): Lag {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  return {
    // It measures from one tick to the next.
    most: () => Math.max(0, delay.max / 1e6 - RESOLUTION),
    stop: () => void delay.disable(),
  };
}
