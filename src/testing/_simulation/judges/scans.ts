import type { Facts } from "../facts.ts";
import { handleIn, type Operated } from "../history.ts";
import type { Judge } from "./judge.ts";

/** R4: a listing of all sessions is whole. */
export const scans: Judge = {
  promise: "R4",
  rule: "a listing of all sessions has each one that lives throughout, and none twice on a page",
  *judge(facts) {
    for (const operated of facts.history.operations) {
      if (operated.plan.verb !== "scan" || operated.done === undefined) continue;
      const pages = operated.value as readonly (readonly string[])[];
      if (pages.some((page) => new Set(page).size < page.length))
        yield "a page of a listing has a session twice";
      const shown = new Set(pages.flat());
      for (const handle of facts.handles)
        if (!shown.has(handle) && livesThroughout(facts, handle, operated, operated.done))
          yield "a session that lived throughout a listing is not in it";
    }
  },
};

function livesThroughout(facts: Facts, handle: string, { begun }: Operated, done: number): boolean {
  if (facts.mayHaveEnded(handle, done) || done >= facts.aliveUntil(handle, begun)) return false;
  return facts.visits(handle).some(({ seen, given, answered, status = 0 }) => {
    if (answered === undefined || answered >= begun || status >= 400) return false;
    return seen?.handle === handle || (given !== undefined && handleIn(given) === handle);
  });
}
