import { judged } from "./judged.ts";
import type { CreateSimulated } from "./place.ts";
import type { Action, Plan } from "./plan.ts";

/** How many smaller worlds are tried. */
const TRIES = 400;

/**
 * Returns the smallest plan that was found in which the same promise does not hold: with fewer actions, fewer steps in each,
 * fewer faults and servers.
 */
export async function shrunk(plan: Plan, promise: string, create: CreateSimulated): Promise<Plan> {
  let smallest = plan;
  let tries = TRIES;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smallerThan(smallest)) {
      if (tries-- === 0) return smallest;
      const { violations } = await judged(candidate, create);
      if (!violations.some((violation) => violation.promise === promise)) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* smallerThan(plan: Plan): Iterable<Plan> {
  const { actions, weather, settings } = plan;
  for (let size = actions.length >> 1; size > 0; size >>= 1)
    for (let at = 0; at + size <= actions.length; at += size)
      yield { ...plan, actions: actions.toSpliced(at, size) };
  for (const [at, action] of actions.entries())
    for (const simpler of simplerThan(action)) yield { ...plan, actions: actions.with(at, simpler) };
  if (weather.lost + weather.unanswered + weather.late > 0)
    yield { ...plan, weather: { ...weather, lost: 0, unanswered: 0, late: 0 } };
  if (settings.schema) yield { ...plan, settings: { ...settings, schema: false } };
  if (settings.legacy) yield { ...plan, settings: { ...settings, legacy: false } };
  if (settings.drift.some((seconds) => seconds !== 0))
    yield { ...plan, settings: { ...settings, drift: settings.drift.map(() => 0) } };
}

function* simplerThan(action: Action): Iterable<Action> {
  if (action.is !== "visit") return;
  for (const at of action.steps.keys()) yield { ...action, steps: action.steps.toSpliced(at, 1) };
  if (action.twice) yield { ...action, twice: false };
  if (action.exclusive) yield { ...action, exclusive: false };
}
