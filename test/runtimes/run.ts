import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { environment } from "../_command.ts";
import type { Place } from "./place.ts";
import type { Program } from "./programs.ts";
import type { Outcome } from "./suite/main.ts";

/** All cases of the suite, run one after the other by one runtime. */
export interface SuiteRun {
  /** Fulfilled when this case has passed; rejects with what went wrong. */
  result(group: string, name: string): Promise<void>;
  /** The exit code, and how many cases were run. The process must end by itself. */
  readonly end: Promise<{ readonly code: number | null; readonly cases: number; readonly printed: string }>;
  stop(): void;
}

export function runSuite(program: Program, place: Place): SuiteRun {
  const outcomes = new Map<string, PromiseWithResolvers<Outcome>>();
  const outcomeOf = (group: string, name: string) => {
    const key = JSON.stringify([group, name]);
    const known = outcomes.get(key) ?? Promise.withResolvers<Outcome>();
    outcomes.set(key, known);
    return known;
  };
  let printed = "";
  let cases = 0;
  const child = start(program, [place.file("main.ts")], place.folder);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  createInterface({ input: child.stdout! }).on("line", (line) => {
    if (!line.startsWith('{"group":')) {
      printed += `${line}\n`;
      return;
    }
    const outcome = JSON.parse(line) as Outcome;
    cases++;
    outcomeOf(outcome.group, outcome.name).resolve(outcome);
  });
  const end = once(child, "close").then(([code]) => ({ code: code as number | null, cases, printed }));
  return {
    async result(group, name) {
      const over = end.then(({ code }): Outcome => {
        const error = `${program.name} ended with ${code} before this case. It printed:\n${printed}`;
        return { group, name, error };
      });
      const { error } = await Promise.race([outcomeOf(group, name).promise, over]);
      if (error !== undefined) throw new Error(error);
    },
    end,
    stop: () => void child.kill("SIGKILL"),
  };
}

/** Starts a program on a file. It leaves nothing behind outside of `cwd`. */
export function start(program: Program, args: readonly string[], cwd: string): ChildProcess {
  return spawn(program.command, [...program.args, ...args], {
    cwd,
    env: environmentIn(cwd),
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Of a runtime: its caches are in this folder, and it does not ask for news. */
export function environmentIn(folder: string): NodeJS.ProcessEnv {
  return environment({ DENO_DIR: `${folder}/.deno`, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" });
}
