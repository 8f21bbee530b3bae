import type { Plan } from "../plan.ts";
import type { Judge } from "./judge.ts";

/** U4: exactly so many sessions of a user. */
export const limits: Judge = {
  promise: "U4",
  rule: "a user has no more sessions than allowed, and loses none that is allowed",
  *judge({ history, isCalm }) {
    const { perUser: most, onLimit } = history.plan.settings;
    if (most === undefined) return;
    const mayExpire = hasBrief(history.plan);
    for (const { user, before, status, after } of history.counts) {
      if (isCalm && before > most) yield `${user} has ${before} sessions, and ${most} are allowed`;
      const isRefused = (there: number): boolean => onLimit === "refuse" && there >= most;
      const expected = (there: number): number => (isRefused(there) ? there : Math.min(most, there + 1));
      const fits = (there: number): boolean =>
        isRefused(there) === status >= 400 && after === expected(there);
      // One that was brief may have ended since it was counted.
      if (fits(before) || (mayExpire && before > 0 && fits(before - 1))) continue;
      yield `${user} has ${before} sessions, signs in (${status}), and then has ${after} instead of ${expected(before)}`;
    }
  },
};

function hasBrief({ actions }: Plan): boolean {
  return actions.some(
    (action) => action.is === "visit" && action.steps.some((step) => step.do === "login" && step.brief),
  );
}
