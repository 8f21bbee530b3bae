import { handleIn } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C4: of several requests that replace one id, one wins. */
export const winners: Judge = {
  promise: "C4",
  rule: "an id is replaced once, however many requests with it ask for a new one",
  *judge(facts) {
    if (facts.history.losses.length > 0) return;
    const first = new Map<string, number>();
    for (const { id, sent, seen, given } of facts.history.visits) {
      if (sent === undefined || given === undefined || seen?.handle !== handleIn(sent)) continue;
      if (handleIn(given) !== seen.handle || given === sent) continue;
      const before = first.get(sent);
      if (before !== undefined) yield `requests ${before} and ${id} both replace the id that they came with`;
      first.set(sent, id);
    }
  },
};
