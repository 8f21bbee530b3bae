import { handleIn } from "../history.ts";
import type { Judge } from "./judge.ts";

/** C8: what is taken is taken once. */
export const messages: Judge = {
  promise: "C8",
  rule: "of all requests that take a message, one gets it",
  *judge({ history }) {
    if (history.losses.length > 0) return;
    // A sign-in with the id before a rotation begins a session of its own, with the data as it was.
    const isCopied = history.visits.some(
      ({ seen, given }) =>
        given !== undefined && seen?.handle !== undefined && handleIn(given) !== seen.handle,
    );
    if (isCopied) return;
    const takers = new Map<unknown, number>();
    for (const { id, deeds } of history.visits)
      for (const { step, done, value } of deeds) {
        if (step.do !== "take" || done === undefined || value === undefined) continue;
        const first = takers.get(value);
        if (first !== undefined) yield `requests ${first} and ${id} both take the message ${String(value)}`;
        takers.set(value, id);
      }
  },
};
