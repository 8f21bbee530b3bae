import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watch } from "./watchdog.ts";

/** The user a process runs as: one of the system's where we are root, else nobody else. */
export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** The first of these users that the system has, for servers that refuse to run as root. */
export function systemUser(...names: string[]): User {
  if (process.getuid?.() !== 0) return {};
  for (const name of names) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, name], { stdio: "pipe" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // No such user.
    }
  }
  throw new Error(`There is none of the users ${names.join(", ")}, and the server does not run as root.`);
}

/** A temporary folder, and the processes that live in it. */
export interface Home {
  readonly folder: string;
  /** A file in it, readable only by its user. */
  write(name: string, text: string): string;
  /** Runs a command in it to its end. Throws with its last lines if it fails. */
  run(file: string, args: readonly string[]): Promise<void>;
  /** Starts a process that stays. */
  start(file: string, args: readonly string[]): ChildProcess;
  /** The last lines that the processes wrote. */
  lastLines(): string;
  /** Deletes the folder. */
  remove(): Promise<void>;
}

/**
 * What the watchdog does: ends the process that runs last, orderly if it can, and deletes the folder. `$1` is the folder,
 * `$2` the signal for an orderly end.
 */
const END = `
  if [ -n "$pid" ]; then
    kill -s "$2" "$pid"
    kill -s CONT "$pid"
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
      kill -s 0 "$pid" || break
      sleep 0.2
    done
    kill -s KILL -- "-$pid"
  fi
  rm -rf "$1" || { sleep 1; rm -rf "$1"; }`;

/** A folder for a server, which no process and no folder outlives. */
export function makeHome(name: string, user: User, end: NodeJS.Signals): Home {
  const folder = mkdtempSync(join(tmpdir(), `micropie-${name}-`));
  const own = (path: string) => {
    if (user.uid !== undefined) chownSync(path, user.uid, user.gid!);
  };
  own(folder);
  const watchdog = watch(END, [folder, end.slice("SIG".length)]);

  const start = (file: string, args: readonly string[]): ChildProcess => {
    const output = openSync(join(folder, "log"), "a");
    const child = spawn(file, args, {
      ...user,
      cwd: folder,
      detached: true,
      stdio: ["ignore", output, output],
      env: { PATH: process.env.PATH, HOME: folder, LC_ALL: "C" },
    });
    closeSync(output);
    watchdog.tell(child.pid);
    child.once("exit", () => watchdog.tell(undefined));
    return child;
  };
  const lastLines = () => {
    try {
      return readFileSync(join(folder, "log"), "utf8").trimEnd().split("\n").slice(-15).join("\n");
    } catch {
      return "";
    }
  };
  return {
    folder,
    write(name, text) {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      own(path);
      return path;
    },
    async run(file, args) {
      const child = start(file, args);
      const [code] = (await once(child, "exit")) as [number | null];
      if (code !== 0) throw new Error(`${file} ended with ${code}:\n${lastLines()}`);
    },
    start,
    lastLines,
    async remove() {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      watchdog.dismiss();
    },
  };
}
