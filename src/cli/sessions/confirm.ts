import { createInterface } from "node:readline";
import { Problem } from "../problem.ts";
import type { SwitchOption } from "./subcommand.ts";
import type { Terminal } from "./terminal.ts";

/** The options of what ends sessions. */
export const CONFIRM_OPTIONS: Readonly<Record<"yes" | "dry-run", SwitchOption>> = {
  yes: { type: "boolean", short: "y", help: "do not ask; for scripts" },
  "dry-run": { type: "boolean", help: "say what would end, and end nothing" },
};

interface Given {
  readonly yes?: boolean | undefined;
  readonly "dry-run"?: boolean | undefined;
}

/**
 * Asks whether to go on, unless `--yes` says so; returns false with `--dry-run`. Throws `Problem` with exit code 4 if the answer is
 * no or nobody can answer, with 130 for Ctrl-C: it says that nothing was `done`.
 */
export async function confirmed(
  terminal: Terminal,
  question: string,
  given: Given,
  done = "ended",
): Promise<boolean> {
  if (given["dry-run"]) return false;
  if (given.yes) return true;
  if (!terminal.canAnswer)
    throw new Problem(`nothing was ${done}, since nobody can be asked here. Say --yes to go on without.`, 4);
  const answer = await asked(`${question} [y/N] `);
  if (answer === undefined) throw new Problem(`interrupted; nothing was ${done}.`, 130);
  if (!/^y(es)?$/i.test(answer.trim())) throw new Problem(`nothing was ${done}.`, 4);
  return true;
}

/** Returns what was typed; undefined after Ctrl-C or Ctrl-D. */
function asked(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.on("SIGINT", () => lines.close());
    lines.on("close", () => {
      process.stderr.write("\n");
      resolve(undefined);
    });
    lines.question(question, (answer) => {
      lines.removeAllListeners("close");
      lines.close();
      resolve(answer);
    });
  });
}
