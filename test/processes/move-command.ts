import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { SessionBackend } from "micropie";
import { environment, main, root } from "../_command.ts";
import type { StoreSpec } from "./stores.ts";

/** What a run of the command ended with. */
export interface Over {
  /** Null if it was killed. */
  readonly code: number | null;
  readonly told: {
    readonly moved?: number;
    readonly copied?: number;
    readonly there?: number;
    readonly left?: number;
  };
  readonly err: string;
}

/** Returns the URL of a store, as `micropie sessions` takes it. */
export function urlOf(spec: StoreSpec): string {
  switch (spec.kind) {
    case "redis":
      return `${spec.url}?prefix=${encodeURIComponent(spec.prefix)}`;
    case "postgres":
    case "mysql":
      return `${spec.url}?table=${spec.table}`;
    case "sqlite":
      return `file:${spec.path}`;
    default:
      throw new Error(`${spec.kind} has no URL here.`);
  }
}

/** `micropie sessions move`, in a process of its own. */
export class MoveCommand {
  readonly #process: ChildProcess;
  readonly over: Promise<Over>;

  constructor(...args: string[]) {
    const command = [main, "sessions", "move", "--json", ...args];
    this.#process = spawn(process.execPath, command, {
      cwd: root,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.over = this.#end();
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async #end(): Promise<Over> {
    let [out, err] = ["", ""];
    this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => (out += text));
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code] = (await once(this.#process, "close")) as [number | null];
    return { code, told: out === "" ? {} : (JSON.parse(out) as Over["told"]), err };
  }
}

/** Runs the command until half of the sessions have left the source, and kills it. */
export async function moveHalf(
  { from, to }: { readonly from: StoreSpec; readonly to: StoreSpec },
  source: SessionBackend,
): Promise<void> {
  const { sessions: total } = await source.countAll();
  const { code, err } = await killedAt(total / 2, { from, to }, source);
  if (code !== null && code !== 0) throw new Error(`The command ended with ${code}: ${err}`);
}

/** Starts the command, and kills it when so many sessions are left in the source. */
async function killedAt(
  mark: number,
  { from, to }: { readonly from: StoreSpec; readonly to: StoreSpec },
  source: SessionBackend,
): Promise<Over> {
  const command = new MoveCommand("--store", urlOf(from), "--to", urlOf(to), "--yes");
  let isOver = false;
  void command.over.then(() => {
    isOver = true;
  });
  while (!isOver && (await source.countAll()).sessions > mark) await pause(30);
  command.kill();
  return command.over;
}

/**
 * Moves all sessions by the command, which is killed so many times, each time with another part of them left in the source, and
 * started again. Resolves with how often it was killed while it moved, and what its last run and `--verify` said.
 */
export async function moveByCommand(
  { from, to }: { readonly from: StoreSpec; readonly to: StoreSpec },
  source: SessionBackend,
  kills: number,
): Promise<{ kills: number; moved: number; left: number }> {
  const { sessions: total } = await source.countAll();
  // Most of the way, so that the last run has something left to do.
  const marks = Array.from({ length: kills }, () => total * (0.1 + 0.85 * Math.random())).sort(
    (a, b) => b - a,
  );
  let killed = 0;
  for (const mark of marks) {
    const { code, err } = await killedAt(mark, { from, to }, source);
    if (code === null) killed += 1;
    else if (code !== 0) throw new Error(`The command ended with ${code}: ${err}`);
  }
  const last = await new MoveCommand("--store", urlOf(from), "--to", urlOf(to), "--yes").over;
  if (last.code !== 0) throw new Error(`The command ended with ${last.code}: ${last.err}`);
  const verified = await new MoveCommand("--store", urlOf(from), "--verify").over;
  if (verified.code !== 0) throw new Error(`--verify ended with ${verified.code}: ${verified.err}`);
  return { kills: killed, moved: last.told.moved ?? 0, left: verified.told.left ?? -1 };
}
