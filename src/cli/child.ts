import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import type { Command } from "./arguments.ts";

/** The command that serves. */
export type Serve = Extract<Command, { do: "serve" }>;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const BUN = process.versions.bun !== undefined;
const DENO = process.versions.deno !== undefined;

/** Whether this runtime runs TypeScript only when asked to: Node 22.13 to 22.17. */
export function needsTypeStripping(file: string): boolean {
  return /\.[mc]?ts$/.test(file) && !BUN && !DENO && !process.features.typescript;
}

/**
 * Whether the runtime restarts a program by itself. Node's own --watch loses files that editors save by renaming, and
 * Deno's goes on waiting for a change when the program has ended at a signal.
 */
export function watchesItself(): boolean {
  return BUN;
}

/** Runs the same command in a child process with the flags it needs; answers the child's exit code when it ends. */
export async function runAgain(command: Serve): Promise<number> {
  const child = start(command, false);
  forwardSignals((signal) => send(child, signal));
  return ended(child);
}

/** Sends a signal to a child that still runs. What `kill` of a child had killed, Deno reports as dead of the signal. */
export function send({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended just now.
  }
}

/** Starts the command, without --watch, in a child process; with a channel, it can send messages. */
export function start(command: Serve, channel: boolean): ChildProcess {
  const main = fileURLToPath(import.meta.url).replace(/child(\.[jt]s)$/, "main$1");
  const flags = [...runtimeFlags(command), main, `--port=${command.port}`, `--host=${command.host}`];
  return spawn(process.execPath, [...flags, "--", command.file], {
    stdio: channel ? ["inherit", "inherit", "inherit", "ipc"] : "inherit",
    env: channel ? { ...process.env, MICROPIE_WATCHED: "1" } : process.env,
  });
}

/** A child's exit code; 128 and the signal's number if a signal ended it. Rejects if it could not be started. */
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
