import type { Facts } from "../facts.ts";
import { type Deed, handleIn, type Visited } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C1: a key that one request has written is there for all that come after it. */
export const keys: Judge = {
  promise: "C1",
  rule: "a key that a request has stored is there for every later request",
  *judge(facts) {
    for (const handle of facts.handles) {
      const finders = facts.found(handle);
      for (const visit of facts.visits(handle)) {
        for (const { key, at } of storedKeys(facts, visit, handle)) {
          const miss = finders.find((later) => later.begun > at && !(key in later.seen!.data));
          if (miss === undefined || isRemoved(facts, handle, key, miss)) continue;
          yield `request ${miss.id} does not find the key ${key}, which request ${visit.id} has stored before`;
        }
      }
    }
  },
};

/** The keys that a request is known to have stored in this session, each with the time since when that is known. */
function* storedKeys(
  facts: Facts,
  visit: Visited,
  handle: string,
): Iterable<{ readonly key: string; readonly at: number }> {
  const { given, seen, deeds, answered, status = 0 } = visit;
  const target = given === undefined ? seen?.handle : handleIn(given);
  if (target !== handle) return;
  const isDone = facts.isStored(visit);
  for (const [index, { step, value, done }] of deeds.entries()) {
    if (step.do !== "set" || done === undefined) continue;
    // A session that began in this request may be another one than that which was saved.
    const isSame = seen?.handle === handle || status < 400;
    const isSaved = ({ step: { do: does }, done: at }: Deed): boolean => does === "save" && at !== undefined;
    const at = isDone ? answered : isSame ? deeds.slice(index).find(isSaved)?.done : undefined;
    if (at !== undefined && !facts.isLost(visit.begun, at)) yield { key: String(value), at };
  }
}

function isRemoved(facts: Facts, handle: string, key: string, { seen }: Visited): boolean {
  const { at } = seen!;
  if (facts.history.losses.some(({ from }) => from <= at)) return true;
  return facts.visits(handle).some(({ begun, plan, deeds }) => {
    if (begun > at) return false;
    if (plan.steps.some((step) => step.do === "empty")) return true;
    return deeds.some((deed) => deed.step.do === "unset" && deed.value === key);
  });
}
