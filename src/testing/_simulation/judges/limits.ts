import type { Judge } from "./judge.ts";

/** U4: exactly so many sessions of a user. */
export const limits: Judge = {
  promise: "U4",
  rule: "a user has no more sessions than allowed, and loses none that is allowed",
  *judge({ history, isCalm }) {
    const { perUser: most, onLimit } = history.plan.settings;
    if (most === undefined) return;
    for (const { user, before, status, after } of history.counts) {
      if (isCalm && before > most) yield `${user} has ${before} sessions, and ${most} are allowed`;
      const isRefused = onLimit === "refuse" && before >= most;
      const expected = isRefused ? before : Math.min(most, before + 1);
      if (isRefused !== status >= 400 || after !== expected)
        yield `${user} has ${before} sessions, signs in (${status}), and then has ${after} instead of ${expected}`;
    }
  },
};
