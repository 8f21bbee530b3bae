import { Facts } from "./facts.ts";
import { JUDGES } from "./judges/all.ts";
import type { CreateSimulated } from "./place.ts";
import type { Plan } from "./plan.ts";
import { type Played, play } from "./play.ts";

/** A promise that did not hold in a world. */
export interface Violation {
  /** Its name in docs/guarantees.md. */
  readonly promise: string;
  /** What has to hold. */
  readonly rule: string;
  /** What happened instead. */
  readonly what: string;
}

/** A world that was played and judged. */
export interface Judged extends Played {
  readonly violations: readonly Violation[];
}

/** Plays a plan, and judges every promise by what happened. */
export async function judged(plan: Plan, create: CreateSimulated): Promise<Judged> {
  const played = await play(plan, create);
  const facts = new Facts(played.history);
  const violations: Violation[] = [];
  for (const { promise, rule, judge } of JUDGES)
    for (const what of judge(facts)) violations.push({ promise, rule, what });
  return { ...played, violations };
}
