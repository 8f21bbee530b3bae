import type { Facts } from "../facts.ts";
import { handleIn, type Visited } from "../history.ts";
import type { Judge } from "./judge.ts";

/** B9: what a session holds was written by a request of this session, and not by one of somebody else. */
export const origins: Judge = {
  promise: "B9",
  rule: "a session holds only what its own requests have written",
  *judge(facts) {
    const writers = writersOf(facts);
    for (const handle of facts.handles) {
      const sources = sourcesOf(facts, handle);
      for (const { id, seen } of facts.found(handle)) {
        for (const [key, value] of Object.entries(seen!.data)) {
          if (typeof value !== "string" || key === "old") continue;
          const writer = writers.get(value);
          if (writer === undefined) yield `request ${id} finds ${key} = ${value}, which nobody has written`;
          else if (!touches(writer, sources))
            yield `request ${id} finds ${value}, which request ${writer.id} has written into another session`;
        }
      }
    }
  },
};

/** Who has written each value. */
function writersOf({ history }: Facts): Map<string, Visited> {
  const writers = new Map<string, Visited>();
  for (const visit of history.visits)
    for (const { step, value } of visit.deeds) {
      if (step.do === "set") writers.set(String(value).slice(1), visit);
      if (step.do === "write" || step.do === "leave") writers.set(String(value), visit);
    }
  return writers;
}

/** The session, and those whose data went on in it: a sign-in with the id before a rotation begins one of its own. */
function sourcesOf(facts: Facts, handle: string): Set<string> {
  const sources = new Set([handle]);
  for (const source of sources)
    for (const { given, seen } of facts.visits(source)) {
      if (given !== undefined && handleIn(given) === source && seen?.handle !== undefined)
        sources.add(seen.handle);
    }
  return sources;
}

function touches({ seen, given, sent }: Visited, handles: Set<string>): boolean {
  return [seen?.handle, given && handleIn(given), sent && handleIn(sent)].some(
    (handle) => handle !== undefined && handles.has(handle),
  );
}
