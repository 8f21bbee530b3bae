import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./arguments.ts";

/** The command to serve a file. */
export type Serve = Extract<Command, { do: "serve" }>;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const BUN = process.versions.bun !== undefined;
const DENO = process.versions.deno !== undefined;

/** Returns true if this runtime needs a flag to run the file: TypeScript on Node 22.13 to 22.17. */
export function needsTypeStripping(file: string): boolean {
  return /\.[mc]?ts$/.test(file) && !BUN && !DENO && !process.features.typescript;
}

/**
 * Returns true if the runtime's own --watch is used. Node's loses files that editors save by renaming, and Deno's keeps waiting
 * for a change after a signal has ended the program.
 */
export function watchesItself(): boolean {
  return BUN;
}

/** Runs the same command in a child process with the flags that it needs. Resolves to the child's exit code. */
export async function runAgain(command: Serve): Promise<number> {
  const child = start(command, false);
  forwardSignals((signal) => send(child, signal));
  return ended(child);
}

/** Sends a signal to a running child. After `ChildProcess.kill`, Deno reports the signal instead of the exit code. */
export function send({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

/** Starts the command without --watch in a child process. With `channel`, the child can send messages. */
export function start(command: Serve, channel: boolean): ChildProcess {
  // In the package, this module is part of a file beside that folder.
  const { href } = new URL(`../cli/main${extname(import.meta.url)}`, import.meta.url);
  const main = fileURLToPath(href);
  const flags = [...runtimeFlags(command), main, `--port=${command.port}`, `--host=${command.host}`];
  return spawn(process.execPath, [...flags, "--", command.file], {
    stdio: channel ? ["inherit", "inherit", "inherit", "ipc"] : "inherit",
    env: channel ? { ...process.env, MICROPIE_WATCHED: "1" } : process.env,
  });
}

/** Resolves to a child's exit code, or 128 plus the signal's number if a signal ended it. Rejects if it did not start. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
  });
}

export function forwardSignals(forward: (signal: NodeJS.Signals) => void): void {
  for (const signal of SIGNALS) process.on(signal, forward);
}

function runtimeFlags({ file, watch }: Serve): string[] {
  if (BUN) return watch ? ["--watch"] : [];
  if (DENO) return ["run", "--allow-all"];
  if (!needsTypeStripping(file)) return process.execArgv;
  return [...process.execArgv, "--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
}
