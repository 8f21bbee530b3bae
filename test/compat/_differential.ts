import { describe, expect, test } from "vitest";
import { FRAMEWORKS, IMPLEMENTATIONS, run, type Seen } from "./_scenario.ts";
import { COOKIE } from "./_scenarios-cookie.ts";
import { LIFE } from "./_scenarios-life.ts";

/** Everything that does not differ on purpose in each answer: calls of the store, and caching headers. */
function common({ answers, records, errors }: Seen): object {
  return { answers: answers.map(({ cache, vary, ...rest }) => rest), records, errors };
}

/** Runs each scenario with express-session and with the drop-in, and compares what came of it. */
export function compareOn(name: keyof typeof FRAMEWORKS): void {
  describe(name, () => {
    for (const scenario of [...LIFE, ...COOKIE]) {
      test(scenario.name, async () => {
        const old = await run(scenario, IMPLEMENTATIONS["express-session"], FRAMEWORKS[name]);
        const ours = await run(scenario, IMPLEMENTATIONS.ours, FRAMEWORKS[name]);
        const { differs } = scenario;
        if (differs === undefined) {
          expect(common(ours)).toEqual(common(old));
          return;
        }
        expect(differs.pick(old)).toEqual(differs.old);
        expect(differs.pick(ours)).toEqual(differs.ours);
      });
    }
  });
}
