import type { Chance } from "./chance.ts";
import type { Action } from "./plan.ts";

/** How many of the sign-ins are brief. */
const SHARE = 0.2;

/** Returns these actions, in which some of the sign-ins have the shorter idle timeout. */
export function withBriefSignIns(actions: readonly Action[], chance: Chance): Action[] {
  return actions.map((action) => {
    if (action.is !== "visit") return action;
    const steps = action.steps.map((step) =>
      step.do === "login" && chance.maybe(SHARE) ? { ...step, brief: true } : step,
    );
    return { ...action, steps };
  });
}
