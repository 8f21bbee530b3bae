import type { Judge } from "./judge.ts";

/** O4: a handler that throws saves nothing, unless it has asked for it. */
export const failed: Judge = {
  promise: "O4",
  rule: "a handler that throws has saved nothing",
  *judge({ history }) {
    for (const { id, deeds } of history.visits) {
      const end = deeds.findIndex(({ step }) => step.do === "throw");
      if (end === -1) continue;
      // What follows the last save of its own was to be dropped.
      const saved = deeds.findLastIndex(({ step }) => step.do === "save" || step.do === "exclusive");
      for (const { step, value } of deeds.slice(saved + 1, end)) {
        if (step.do !== "set") continue;
        const found = history.visits.find(({ seen }) => seen !== undefined && String(value) in seen.data);
        if (found !== undefined)
          yield `request ${found.id} finds ${String(value)}, which request ${id} wrote before it failed`;
      }
    }
  },
};
