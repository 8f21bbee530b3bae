import type { Visited } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C7: the requests of an exclusive route run one at a time. */
export const routes: Judge = {
  promise: "C7",
  rule: "of the requests of one session that ask for it exclusively, one runs at a time",
  *judge(facts) {
    // Where something breaks, a lock may run out while its holder goes on; what that writes is refused.
    if (!facts.isCalm) return;
    for (const handle of facts.handles) {
      const alone = facts.found(handle).filter(({ plan, status = 0 }) => plan.exclusive && status < 400);
      for (const one of alone)
        for (const other of alone) {
          const begins = other.id !== one.id && other.seen!.at >= one.seen!.at;
          if (begins && one.handled !== undefined && other.seen!.at < one.handled)
            yield `requests ${one.id} and ${other.id} both run with the session for themselves`;
        }
    }
  },
};

/** C7: nobody waits in vain for a lock that nobody else has. */
export const free: Judge = {
  promise: "C7",
  rule: "the only request that asks for a session exclusively gets it",
  *judge(facts) {
    for (const handle of facts.handles) {
      const askers = facts.visits(handle).filter(asksAlone);
      const [only] = askers;
      if (askers.length !== 1 || only!.plan.exclusive) continue;
      // Its own sign-in waits for its turn among those of the user, which somebody else may have and not have given back.
      const isInTurn = facts.history.plan.settings.perUser !== undefined && signsIn(only!);
      if (isInTurn) continue;
      const asked = only!.deeds.filter(({ step }) => step.do === "exclusive");
      // What it has locked itself before, it may not have been able to release.
      if (asked.length === 1 && asked[0]!.error === "lock_timeout")
        yield `request ${only!.id} waits in vain for the session that nobody else asks for`;
    }
  },
};

function asksAlone({ plan }: Visited): boolean {
  return plan.exclusive || plan.steps.some((step) => step.do === "exclusive");
}

function signsIn({ plan }: Visited): boolean {
  return plan.steps.some((step) => step.do === "login");
}
