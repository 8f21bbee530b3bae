/** One count by `update`, as the process that made it knows it. Milliseconds on a clock that all processes share. */
export interface Count {
  readonly began: number;
  readonly ended: number;
  /** What it wrote; null if it failed, and so may have happened, may still happen, or not. */
  readonly value: number | null;
}
