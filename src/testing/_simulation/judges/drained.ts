import { AT_ONCE } from "../facts.ts";
import { handleIn } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C1: who removes the last key ends the session, unless somebody else has written another one meanwhile. */
export const drained: Judge = {
  promise: "C1",
  rule: "a session that one request has emptied stays if another one has written to it meanwhile",
  *judge(facts) {
    for (const handle of facts.handles)
      for (const { id, plan, seen, handled, lines, given } of facts.found(handle)) {
        const empties = plan.steps.some((step) => step.do === "empty" || step.do === "unset");
        const isAtEnd =
          !plan.exclusive && plan.steps.every((step) => !AT_ONCE.has(step.do) && step.do !== "logout");
        const isEnded = given === undefined && lines.some((line) => line.startsWith("session_id=;"));
        if (!empties || !isAtEnd || !isEnded || handled === undefined) continue;
        const writer = facts
          .found(handle)
          .find(
            (other) =>
              other.id !== id &&
              other.deeds.some(({ step }) => step.do === "set") &&
              (other.handled ?? 0) > seen!.at &&
              (other.answered ?? Number.POSITIVE_INFINITY) < handled &&
              (other.left ?? 0) > 0 &&
              (other.given === undefined || handleIn(other.given) === handle) &&
              facts.isStored(other),
          );
        if (writer !== undefined)
          yield `request ${id} ends the session because it has emptied it, though request ${writer.id} had written to it`;
      }
  },
};
