import type { Facts } from "../facts.ts";

/** What is wrong, in a sentence that names requests by their number. */
export type Fault = string;

/** Judges one promise of docs/guarantees.md by what happened in a world. */
export interface Judge {
  readonly promise: string;
  /** What has to hold, as the end of "It must hold that". */
  readonly rule: string;
  judge(facts: Facts): Iterable<Fault>;
}
