// Runs all groups in the runtime that runs this file, and prints a line of JSON for each case.
import { groupsOf, type Runtime } from "./groups.ts";
import { Bun, Deno } from "./listeners.ts";

/** What one case came to. */
export interface Outcome {
  readonly group: string;
  readonly name: string;
  /** Undefined if it passed. */
  readonly error?: string;
}

const runtime: Runtime = Bun ? "bun" : Deno ? "deno" : "node";
// Some cases put another function there for a while.
const print = console.log;

for (const [group, cases] of Object.entries(groupsOf(runtime))) {
  for (const { name, run } of cases) {
    const outcome: Outcome = await run().then(
      () => ({ group, name }),
      (error: unknown) => ({ group, name, error: error instanceof Error ? `${error.stack}` : String(error) }),
    );
    print(JSON.stringify(outcome));
  }
}
