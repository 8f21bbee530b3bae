import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FRAMEWORKS, IMPLEMENTATIONS, run, type Seen } from "./_scenario.ts";
import { COOKIE } from "./_scenarios-cookie.ts";
import { LIFE } from "./_scenarios-life.ts";

/** Everything that does not differ on purpose in each answer: calls of the store, and caching headers. */
function common({ answers, records, errors }: Seen): object {
  return { answers: answers.map(({ cache, vary, ...rest }) => rest), records, errors };
}

/** Runs each scenario with express-session and with the drop-in, in one moment, and compares what came of it. */
export function compareOn(name: keyof typeof FRAMEWORKS): void {
  describe(name, () => {
    // Else the two see different times, and express-session loses a millisecond now and then (docs/compat.md). A whole
    // second, as cookies have it.
    beforeAll(() => {
      vi.useFakeTimers({ toFake: ["Date"], now: Math.ceil(Date.now() / 1000) * 1000 });
    });
    afterAll(() => {
      vi.useRealTimers();
    });

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
