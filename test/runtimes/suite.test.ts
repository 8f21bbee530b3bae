import { afterAll, describe, expect, test } from "vitest";
import { openPlace } from "./place.ts";
import { findPrograms } from "./programs.ts";
import { runSuite } from "./run.ts";
import { groupsOf } from "./suite/groups.ts";

const programs = await findPrograms();
const place = openPlace();
afterAll(() => place.remove());

test("every runtime that the documentation names is tested", () => {
  const names = programs.map(({ name }) => name.replace(/^(Node \d+|Bun|Deno).*/, "$1"));
  expect(names).toEqual(["Node 22", "Node 24", "Node 26", "Bun", "Deno"]);
});

// Most of the cases wait for something, so the runtimes do it at the same time.
for (const program of programs) {
  const { name, runtime, missing } = program;
  if (missing !== undefined) {
    if (process.env.CI) test(name, () => Promise.reject(new Error(missing)));
    else describe.skip(missing, () => test("not run", () => {}));
    continue;
  }
  const run = runSuite(program, place);
  afterAll(() => run.stop());
  describe(name, () => {
    let cases = 0;
    for (const [group, all] of Object.entries(groupsOf(runtime))) {
      cases += all.length;
      describe(group, () => {
        for (const { name } of all) test(name, () => run.result(group, name));
      });
    }

    test("exits when all is closed, after running each listed case once", async () => {
      const { code, cases: ran, printed } = await run.end;
      expect({ code, ran }, printed).toEqual({ code: 0, ran: cases });
    });
  });
}
