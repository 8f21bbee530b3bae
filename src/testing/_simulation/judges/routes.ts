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
