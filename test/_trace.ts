import { spawnSync } from "node:child_process";
import { environment, root } from "./_command.ts";

/** How much of the library one request passes. */
export interface Passed {
  readonly files: number;
  readonly functions: number;
  readonly changes: number;
}

/** Runs `npm run trace -- --on <scenario>`, which builds dist if it is out of date; `more` are variables for it. */
export function trace(scenario: "hono" | "express", more: NodeJS.ProcessEnv = {}): Passed {
  const args = ["scripts/trace.js", "--on", scenario, "--json"];
  const options = { cwd: root, env: environment(more), encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  if (status !== 0) throw new Error(`${args.join(" ")} failed:\n${stdout}${stderr}`);
  const { files, functions, changes } = JSON.parse(stdout) as Passed;
  return { files, functions, changes };
}
