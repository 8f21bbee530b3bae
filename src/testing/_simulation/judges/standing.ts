import type { Facts } from "../facts.ts";
import { handleIn, type Visited } from "../history.ts";
import { TURNING } from "../plan.ts";
import type { Judge } from "./judge.ts";

/** C4: whoever has the current id finds the session, whatever happened to rotations and servers. */
export const standing: Judge = {
  promise: "C4",
  rule: "a session that nobody has ended opens with its id",
  *judge(facts) {
    for (const visit of facts.history.visits) {
      const { sent, seen, id, status = 0 } = visit;
      if (sent === undefined || seen === undefined || status >= 500) continue;
      const handle = handleIn(sent);
      if (seen.handle === handle || !mustOpen(facts, visit, sent, handle)) continue;
      yield `request ${id} does not find the session that its cookie opens, and nothing has ended it`;
    }
  },
};

function mustOpen(facts: Facts, { begun, seen }: Visited, token: string, handle: string): boolean {
  const giver = facts.givenBy.get(token);
  if (giver?.answered === undefined || giver.answered >= begun) return false;
  // It may have been rotated once more, and nobody knows.
  if (giver.status! >= 400 && giver.plan.steps.some((step) => TURNING.has(step.do))) return false;
  const { at } = seen!;
  if (facts.mayHaveEnded(handle, at) || at >= facts.aliveUntil(handle, begun)) return false;
  const since = facts
    .turns(handle)
    .filter((turn) => turn.visit !== giver && turn.begun <= at && turn.over >= giver.begun);
  if (since.length === 0) return true;
  // The id before a rotation with the same rights works for some seconds more.
  const [only] = since;
  const { grace } = facts.history.plan.settings;
  return (
    since.length === 1 &&
    only!.does === "rotate" &&
    only!.begun > giver.answered &&
    at < only!.begun + grace - facts.slack
  );
}
