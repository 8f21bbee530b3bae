import type { Facts } from "../facts.ts";
import { handleIn } from "../history.ts";
import type { Judge } from "./judge.ts";

interface Write {
  readonly id: number;
  readonly value: string;
  readonly begun: number;
  /** When its request was answered; later, if nobody knows. */
  readonly over: number;
  readonly isSure: boolean;
}

/** B1: what a request reads was written last. */
export const register: Judge = {
  promise: "B1",
  rule: "a request reads what was written last",
  *judge(facts) {
    for (const handle of facts.handles) {
      const writes = writesOf(facts, handle);
      if (writes.length === 0 || facts.history.losses.length > 0) continue;
      const emptied = facts.visits(handle).some(({ plan }) => plan.steps.some((step) => step.do === "empty"));
      if (emptied) continue;
      for (const { id, begun, seen } of facts.found(handle)) {
        const found = writes.find(({ value }) => value === seen!.data.shared);
        const newer = writes.find(
          (write) => write.isSure && write.over < begun && (found === undefined || found.over < write.begun),
        );
        if (newer === undefined || (found === undefined && seen!.data.shared !== undefined)) continue;
        yield `request ${id} reads ${found === undefined ? "nothing" : `what request ${found.id} wrote`}, though request ${newer.id} had written later`;
      }
    }
  },
};

function writesOf(facts: Facts, handle: string): Write[] {
  const writes: Write[] = [];
  for (const visit of facts.visits(handle)) {
    const { id, given, seen, deeds, handled, answered, begun } = visit;
    const target = given === undefined ? seen?.handle : handleIn(given);
    const last = deeds.findLast(({ step }) => step.do === "write");
    if (last === undefined) continue;
    const isSure = target === handle && facts.isStored(visit);
    const over = isSure ? answered! : Number.POSITIVE_INFINITY;
    // What was saved earlier on may have been stored since then.
    const isEarly = deeds.some(({ step }) => step.do === "save" || step.do === "exclusive");
    writes.push({ id, value: String(last.value), begun: isEarly ? begun : (handled ?? begun), over, isSure });
  }
  return writes;
}
