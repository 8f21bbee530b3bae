import { handleIn, toldIn } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C3: ended stays ended. */
export const ends: Judge = {
  promise: "C3",
  rule: "a session that has ended stays ended",
  *judge(facts) {
    for (const handle of facts.handles) {
      const end = facts.endedAt(handle);
      if (end === undefined || facts.mayComeAgain(handle, end)) continue;
      for (const { id, plan, begun, deeds, given } of facts.found(handle)) {
        if (begun > end) yield `request ${id} opens a session that had ended before`;
        // It goes on in a session of its own.
        if (given !== undefined && handleIn(given) !== handle) continue;
        // In a session that is held as a whole, an exclusive use is a part of it.
        const asks = plan.exclusive ? ["update"] : ["update", "exclusive"];
        const late = deeds.find(
          (deed) => asks.includes(deed.step.do) && deed.begun > end && deed.done !== undefined,
        );
        if (late !== undefined) yield `request ${id} does ${late.step.do} in a session that had ended before`;
      }
      for (const operated of facts.history.operations) {
        const { plan, begun, done, handle: meant } = operated;
        if (begun <= end || done === undefined) continue;
        if (plan.verb === "update" && meant === handle)
          yield "an operator changes a session that had ended before";
        if (toldIn(operated).includes(handle)) yield "an operator is told of a session that had ended before";
      }
    }
  },
};
