import type { Facts } from "../facts.ts";
import { handleIn } from "../history.ts";
import type { Judge } from "./judge.ts";

/** One that was counted. */
interface Count {
  readonly who: string;
  readonly begun: number;
  /** Undefined if nobody knows whether it was counted. */
  readonly done: number | undefined;
  readonly value: number;
  /** Whether it was refused, so that it must not count. */
  readonly isRefused: boolean;
}

/** How an update fails that has stored nothing. */
const REFUSED: ReadonlySet<string | undefined> = new Set(["ended", "conflict"]);

/** C2: each `update` counts once. */
export const updates: Judge = counting("C2", "update", "n", "each update counts once");

/** C7: each exclusive use counts up what the one before it has left. */
export const turns: Judge = counting(
  "C7",
  "exclusive",
  "alone",
  "each exclusive use finds what the one before it has left",
);

function counting(promise: string, verb: "update" | "exclusive", key: string, rule: string): Judge {
  return {
    promise,
    rule,
    *judge(facts) {
      for (const handle of facts.handles) {
        if (isMixedUp(facts, handle)) continue;
        const counts = countsOf(facts, handle, verb);
        yield* judgeOrder(counts, verb);
        yield* judgeReads(facts, handle, counts, key);
      }
    },
  };
}

/** Where data was emptied, lost or taken along, counts begin anew. */
function isMixedUp(facts: Facts, handle: string): boolean {
  return (
    facts.history.losses.length > 0 ||
    facts.visits(handle).some(({ plan, seen, given }) => {
      const isCopy = given !== undefined && seen?.handle !== undefined && handleIn(given) !== seen.handle;
      // A sign-in that gave no cookie may have begun a session of its own, and then failed.
      const mayBeCopy = given === undefined && plan.steps.some((step) => step.do === "login");
      return isCopy || mayBeCopy || plan.steps.some((step) => step.do === "empty");
    })
  );
}

function countsOf(facts: Facts, handle: string, verb: "update" | "exclusive"): Count[] {
  const counts: Count[] = [];
  // Where a client sends again what had no answer, it may have been stored before the end of the session, and be refused after it.
  const mayEnd = facts.mayHaveEnded(handle, Number.POSITIVE_INFINITY);
  for (const { id, plan, seen, deeds } of facts.visits(handle)) {
    for (const { step, begun, done, value, error } of deeds) {
      if (step.do !== verb) continue;
      // In a session that was not stored yet, or is held as a whole, it is stored with the rest.
      const isAtOnce = seen?.handle === handle && !(verb === "exclusive" && plan.exclusive);
      const known = isAtOnce ? done : undefined;
      const isRefused = verb === "update" && REFUSED.has(error) && !mayEnd;
      counts.push({ who: `request ${id}`, begun, done: known, value: Number(value), isRefused });
    }
  }
  for (const { plan, handle: meant, begun, done, value } of facts.history.operations) {
    if (verb === "update" && plan.verb === "update" && meant === handle)
      counts.push({ who: "an operator", begun, done, value: Number(value), isRefused: false });
  }
  return counts;
}

function* judgeOrder(counts: readonly Count[], verb: string): Iterable<string> {
  const known = counts.filter(({ done }) => done !== undefined);
  for (const [index, one] of known.entries())
    for (const other of known.slice(index + 1)) {
      if (one.value === other.value)
        yield `the ${verb} of ${one.who} and that of ${other.who} both count ${one.value}`;
      const [first, second] = one.value < other.value ? [one, other] : [other, one];
      if (second.done! < first.begun)
        yield `the ${verb} of ${first.who} counts ${first.value}, though that of ${second.who} had counted ${second.value} before`;
    }
}

function* judgeReads(facts: Facts, handle: string, counts: readonly Count[], key: string): Iterable<string> {
  for (const { id, begun, seen } of facts.found(handle)) {
    const found = Number(seen!.data[key] ?? 0);
    const least = counts.filter(({ done }) => done !== undefined && done < begun);
    const most = counts.filter((count) => count.begun <= seen!.at && !count.isRefused).length;
    const missed = least.find(({ value }) => value > found);
    if (missed !== undefined)
      yield `request ${id} finds ${key} = ${found}, though ${missed.who} had counted ${missed.value} before`;
    // What is sent again to a store that the session has left is done in the other one.
    const twice = facts.history.onItsWay > 0 ? facts.history.repeats.length : 0;
    if (found > most + twice) yield `request ${id} finds ${key} = ${found}, though only ${most} have counted`;
  }
}
