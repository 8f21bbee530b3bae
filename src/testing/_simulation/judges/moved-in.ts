import type { Judge } from "./judge.ts";

/** C4: a session of another library is one here as well. */
export const movedIn: Judge = {
  promise: "C4",
  rule: "a session of another library is one session here, whoever brings it",
  *judge({ history }) {
    if (history.losses.length > 0) return;
    const handles = new Map<unknown, string>();
    for (const { id, sent, broughtLegacy, seen, status = 0 } of history.visits) {
      if (sent !== undefined || !broughtLegacy || status >= 400) continue;
      const old = seen?.data.old;
      if (old === undefined || seen?.handle === undefined) continue;
      const first = handles.get(old) ?? seen.handle;
      handles.set(old, first);
      if (first !== seen.handle) yield `request ${id} finds its old session as another one than before`;
    }
  },
};
