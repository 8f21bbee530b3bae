import type { Facts } from "../facts.ts";
import type { Counted } from "../history.ts";
import type { Plan } from "../plan.ts";
import type { Judge } from "./judge.ts";

/** U4: exactly so many sessions of a user. */
export const limits: Judge = {
  promise: "U4",
  rule: "a user has no more sessions than allowed, and loses none that is allowed",
  *judge(facts) {
    const { history, isCalm } = facts;
    const { perUser: most, onLimit } = history.plan.settings;
    if (most === undefined) return;
    for (const counted of history.counts) {
      const { user, before, status, after } = counted;
      if (isCalm && before > most) yield `${user} has ${before} sessions, and ${most} are allowed`;
      const isRefused = (there: number): boolean => onLimit === "refuse" && there >= most;
      const expected = (there: number): number => (isRefused(there) ? there : Math.min(most, there + 1));
      const fits = (there: number): boolean =>
        isRefused(there) === status >= 400 && after === expected(there);
      // Some may have expired since they were counted.
      const expired = Math.min(before, mayExpire(facts, counted));
      if (Array.from({ length: expired + 1 }, (_, some) => before - some).some(fits)) continue;
      yield `${user} has ${before} sessions, signs in (${status}), and then has ${after} instead of ${expected(before)}`;
    }
  },
};

/** How many sessions of the user may expire between the two counts. */
function mayExpire(facts: Facts, { user, from, to }: Counted): number {
  const due = [...facts.handles].filter(
    (handle) => facts.users.get(handle)?.has(user) && facts.aliveUntil(handle, from) <= to,
  );
  return due.length + (hasBrief(facts.history.plan) ? 1 : 0);
}

function hasBrief({ actions }: Plan): boolean {
  return actions.some(
    (action) => action.is === "visit" && action.steps.some((step) => step.do === "login" && step.brief),
  );
}
