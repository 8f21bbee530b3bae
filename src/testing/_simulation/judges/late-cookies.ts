import type { Facts, Turn } from "../facts.ts";
import { type Deed, handleIn, type Visited } from "../history.ts";
import type { Step } from "../plan.ts";
import type { Judge } from "./judge.ts";

/** The steps that leave a session as it is. */
const IDLE: ReadonlySet<Step["do"]> = new Set<Step["do"]>(["pause", "watch"]);

/** C6: no late cookie. */
export const lateCookies: Judge = {
  promise: "C6",
  rule: "a request whose session has ended, or that came with the id from before a sign-in, sets no cookie",
  *judge(facts) {
    for (const handle of facts.handles) {
      const end = facts.endedAt(handle);
      for (const visit of facts.visits(handle)) {
        const { id, given } = visit;
        const asked = askedAt(visit);
        const isLate =
          end !== undefined && asked !== undefined && asked > end && !facts.mayComeAgain(handle, end);
        if (isLate && given !== undefined && handleIn(given) === handle)
          yield `request ${id} sets the cookie of a session that had ended before`;
      }
      for (const turn of facts.turns(handle))
        if (turn.visit) yield* judgeTurn(facts, handle, turn, turn.visit);
    }
  },
};

/** When a request has asked the store last for what its answer says. One that fails may have got no answer since its own save. */
function askedAt({ deeds, handled, status = 0 }: Visited): number | undefined {
  const last = deeds.findLastIndex(({ step }, index) => step.do === "exclusive" || isFirstSave(deeds, index));
  if (last === -1) return handled;
  const writes = deeds.slice(last).some(({ step }) => step.do === "set" || step.do === "write");
  return writes && status < 500 ? handled : deeds[last]!.begun;
}

/** A save that has nothing to store, because another one was there before it, asks nothing. */
function isFirstSave(deeds: readonly Deed[], index: number): boolean {
  if (deeds[index]!.step.do !== "save") return false;
  const before = deeds.slice(0, index).findLast(({ step }) => !IDLE.has(step.do));
  return before === undefined || !(before.step.do === "save" || before.step.do === "exclusive");
}

function* judgeTurn(facts: Facts, handle: string, turn: Turn, visit: Visited): Iterable<string> {
  if (!turn.isSure || turn.ends || turn.does === "rotate" || visit.seen?.handle !== handle) return;
  const { settings } = facts.history.plan;
  const until = turn.begun + settings.grace - facts.slack;
  for (const { id, sent, begun, seen, plan, lines, answered, broughtLegacy } of facts.visits(handle)) {
    if (sent !== visit.sent || begun <= turn.over || seen === undefined || seen.at >= until) continue;
    const others = facts
      .turns(handle)
      .filter((other) => other !== turn && other.begun <= seen.at && other.over > turn.begun);
    if (others.length > 0 || facts.mayHaveEnded(handle, answered ?? seen.at)) continue;
    if (plan.steps.some((step) => step.do === "login") || broughtLegacy) continue;
    if (lines.length > 0)
      yield `request ${id} came with the id from before a sign-in, and its answer touches the cookie`;
  }
}
