import { isBrief, LATE } from "../facts.ts";
import { handleIn, toldIn, type Visited } from "../history.ts";
import type { Judge } from "./judge.ts";

/** B4: no session outlives its deadlines. */
export const lifetimes: Judge = {
  promise: "B4",
  rule: "a session opens no longer than its idle timeout after its last request, and its absolute one after its sign-in",
  *judge(facts) {
    const { settings } = facts.history.plan;
    for (const handle of facts.handles) {
      for (const visit of facts.found(handle)) {
        const before = facts.visits(handle).filter((each) => each !== visit && each.begun <= visit.begun);
        // It may have come from elsewhere.
        if (!before.some((each) => beginsLife(each, handle))) continue;
        const used = Math.max(...before.map(overAt));
        const began = Math.max(...before.filter((each) => beginsLife(each, handle)).map(overAt));
        const idle = isSurelyBrief(before, handle) ? settings.brief : settings.idle;
        if (visit.begun > used + idle + facts.slack + 1)
          yield `request ${visit.id} opens a session that nobody had used for ${idle} seconds`;
        if (visit.begun > began + settings.absolute + facts.slack + 1)
          yield `request ${visit.id} opens a session ${settings.absolute} seconds after its sign-in`;
      }
      for (const operated of facts.history.operations) {
        const { begun, done } = operated;
        if (done === undefined || !toldIn(operated).includes(handle)) continue;
        const before = facts.visits(handle).filter((each) => each.begun <= done);
        // Who made it got no answer, and another one found it later.
        if (before.length === 0) continue;
        const used = Math.max(...before.map(overAt));
        if (begun > used + settings.idle + facts.slack + 1)
          yield `an operator is told of a session that nobody had used for ${settings.idle} seconds`;
      }
    }
  },
};

function overAt({ begun, answered, status = 0 }: Visited): number {
  if (answered === undefined) return begun + LATE * 2;
  return status < 400 ? answered : answered + LATE;
}

/**
 * Whether the last sign-in of a session is known to have been a brief one. A request that was under way then may still have given the
 * session the time that it had before.
 */
function isSurelyBrief(before: readonly Visited[], handle: string): boolean {
  const brief = before.find((visit) => isBrief(visit) && isAnswered(visit, handle));
  if (brief?.answered === undefined) return false;
  const { begun, answered } = brief;
  return before.every(
    (each) => each === brief || overAt(each) < begun || (each.begun > answered && !setsTime(each)),
  );
}

/** Whether a request has a step that may say how long its session lasts. */
function setsTime({ plan }: Visited): boolean {
  return plan.steps.some(({ do: does }) => does === "login" || does === "elevate");
}

function isAnswered({ answered, status = 0, given }: Visited, handle: string): boolean {
  return answered !== undefined && status < 400 && given !== undefined && handleIn(given) === handle;
}

/** A sign-in starts its time anew; so does whoever makes it, or brings it from elsewhere. */
function beginsLife({ plan, seen, broughtLegacy }: Visited, handle: string): boolean {
  return broughtLegacy || seen?.handle !== handle || plan.steps.some((step) => step.do === "login");
}
