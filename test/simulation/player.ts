import { hash } from "node:crypto";
import { replaceIds } from "micropie/testing/_simulation/ids";
import { type Judged, judged } from "micropie/testing/_simulation/judged";
import type { Plan } from "micropie/testing/_simulation/plan";
import { planOf } from "micropie/testing/_simulation/planned";
import { shrunk } from "micropie/testing/_simulation/shrink";
import { storyOf } from "micropie/testing/_simulation/story";
import { KINDS, type Kind, kindOf } from "./stores.ts";

/** Some worlds, one after the other. */
export interface Piece {
  readonly from: number;
  readonly count: number;
  /** The kind of store; undefined for each in turn. */
  readonly store: string | undefined;
  /** Whether to stop at the first world in which a promise does not hold. */
  readonly isOver: boolean;
}

/** A world in which a promise did not hold. */
export interface Broken {
  readonly seed: number;
  readonly store: string;
  readonly promise: string;
  readonly what: string;
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
export async function playPiece({ from, count, store, isOver }: Piece): Promise<Outcome> {
  const traces: string[] = [];
  const broken: Broken[] = [];
  let requests = 0;
  const putBack = replaceIds();
  try {
    for (let seed = from; seed < from + count; seed++) {
      const name = store ?? kindOf(seed);
      const { create, abilities } = KINDS[name]!;
      const { violations, history, journal } = await judged(planOf(seed, abilities), create);
      requests += history.visits.length;
      traces.push(journal.trace);
      const [first] = violations;
      if (first === undefined) continue;
      broken.push({ seed, store: name, promise: first.promise, what: first.what });
      if (isOver) break;
    }
  } finally {
    putBack();
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
  const putBack = replaceIds();
  try {
    const plan = planOf(seed, abilities);
    const whole = await judged(plan, create);
    const [first] = whole.violations;
    const told = first !== undefined && isShrunk ? await smallest(plan, first.promise, create) : whole;
    return { story: storyOf(told), isBroken: first !== undefined };
  } finally {
    putBack();
  }
}

async function smallest(plan: Plan, promise: string, create: Kind["create"]): Promise<Judged> {
  return judged(await shrunk(plan, promise, create), create);
}
