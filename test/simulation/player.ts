import { hash } from "node:crypto";
import { type Judged, judged } from "micropie/testing/_simulation/judged";
import type { Plan } from "micropie/testing/_simulation/plan";
import { planOf } from "micropie/testing/_simulation/planned";
import { shrunk } from "micropie/testing/_simulation/shrink";
import { storyOf } from "micropie/testing/_simulation/story";
import { takeOver } from "micropie/testing/_simulation/take-over";
import type { Kind } from "./kind.ts";
import { KINDS, kindOf } from "./stores.ts";

/** Some worlds, one after the other. */
export interface Piece {
  readonly from: number;
  readonly count: number;
  /** The kind of store; undefined for each in turn. */
  readonly store: string | undefined;
  /** Whether to stop at the first world in which a promise does not hold. */
  readonly isOver: boolean;
  /** Whether to make such worlds small. */
  readonly isShrunk?: boolean;
  /** The plan of each of these worlds; default: that of its number. */
  readonly plan?: Plan;
}

/** A world in which a promise did not hold. */
export interface Broken {
  readonly seed: number;
  readonly store: string;
  readonly promise: string;
  readonly what: string;
  /** The smallest world in which it does not hold, if that was looked for. */
  readonly plan?: Plan;
}

/** What came of a piece. */
export interface Outcome {
  readonly from: number;
  readonly worlds: number;
  readonly requests: number;
  /** The same for the same worlds, and only then. */
  readonly trace: string;
  readonly broken: readonly Broken[];
}

/** Plays a piece. */
export async function playPiece({
  from,
  count,
  store,
  isOver,
  isShrunk,
  plan: given,
}: Piece): Promise<Outcome> {
  const traces: string[] = [];
  const broken: Broken[] = [];
  let requests = 0;
  const giveBack = takeOver();
  try {
    for (let seed = from; seed < from + count; seed++) {
      const name = store ?? kindOf(seed);
      const { create, abilities } = KINDS[name]!;
      const plan = given ?? planOf(seed, abilities);
      const { violations, history, journal } = await judged(plan, create);
      requests += history.visits.length;
      traces.push(journal.trace);
      const [first] = violations;
      if (first === undefined) continue;
      const { promise, what } = first;
      const small = isShrunk ? { plan: await shrunk(plan, promise, create) } : {};
      broken.push({ seed, store: name, promise, what, ...small });
      if (isOver) break;
    }
  } finally {
    giveBack();
  }
  const trace = hash("sha256", traces.join(), "base64url").slice(0, 22);
  return { from, worlds: traces.length, requests, trace, broken };
}

/** Plays one world again, or the smallest one in which the same promise does not hold. Returns its story. */
export async function replay(
  seed: number,
  store: string | undefined,
  isShrunk: boolean,
): Promise<{ readonly story: string; readonly isBroken: boolean }> {
  const { create, abilities } = KINDS[store ?? kindOf(seed)] as Kind;
  const giveBack = takeOver();
  try {
    const plan = planOf(seed, abilities);
    const whole = await judged(plan, create);
    const [first] = whole.violations;
    const told = first !== undefined && isShrunk ? await smallest(plan, first.promise, create) : whole;
    return { story: storyOf(told), isBroken: first !== undefined };
  } finally {
    giveBack();
  }
}

async function smallest(plan: Plan, promise: string, create: Kind["create"]): Promise<Judged> {
  return judged(await shrunk(plan, promise, create), create);
}
