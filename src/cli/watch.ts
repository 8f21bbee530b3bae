import type { ChildProcess } from "node:child_process";
import { type FSWatcher, watch as watchFolder } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ended, forwardSignals, type Serve, send, start } from "./child.ts";
import { shorten } from "./stack.ts";

/** Editors write a file in several steps. A restart waits for this many milliseconds without another step. */
const QUIET = 100;
/** Milliseconds that a child gets to end after SIGTERM. */
const PATIENCE = 3000;

/** Serves in a child process, which is restarted when a file that it imports changes. Resolves to the exit code. */
export async function watch(command: Serve): Promise<number> {
  const changes = new Changes(resolve(command.file));
  let child = follow(command, changes);
  let stopping = false;
  forwardSignals((signal) => {
    stopping = true;
    send(child.process, signal);
    changes.wake();
  });
  for (;;) {
    const first = await Promise.race([changes.next().then(() => "change"), child.over]);
    if (first !== "change" && !stopping) {
      console.error("Waiting for a file to change. Press Ctrl+C to stop.");
      await changes.next();
    }
    if (!stopping) {
      console.log(`${shorten(changes.last)} changed. Restarting.`);
      await end(child);
    }
    if (stopping) break;
    child = follow(command, changes);
  }
  changes.close();
  return await child.over;
}

interface Child {
  readonly process: ChildProcess;
  readonly over: Promise<number>;
}

function follow(command: Serve, changes: Changes): Child {
  const process = start(command, true);
  process.on("message", (path) => changes.follow(String(path)));
  return { process, over: ended(process) };
}

async function end({ process, over }: Child): Promise<void> {
  send(process, "SIGTERM");
  const force = setTimeout(() => send(process, "SIGKILL"), PATIENCE);
  await over;
  clearTimeout(force);
}

/** Watches folders instead of files, because a file that an editor replaces by renaming is a new file. */
class Changes {
  last = "";
  readonly #files = new Set<string>();
  readonly #folders = new Map<string, FSWatcher>();
  readonly #waiting = new Set<() => void>();
  #quiet: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.follow(file);
  }

  follow(file: string): void {
    this.#files.add(file);
    const folder = dirname(file);
    if (this.#folders.has(folder)) return;
    try {
      const watcher = watchFolder(folder, (_, name) => this.#note(join(folder, name ?? "")));
      watcher.on("error", () => {
        watcher.close();
        this.#folders.delete(folder);
      });
      this.#folders.set(folder, watcher);
    } catch {
      // The folder of an imported file does not exist. The child prints that error.
    }
  }

  next(): Promise<void> {
    return new Promise((wake) => this.#waiting.add(wake));
  }

  wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  close(): void {
    for (const watcher of this.#folders.values()) watcher.close();
    clearTimeout(this.#quiet);
  }

  #note(file: string): void {
    if (!this.#files.has(file)) return;
    this.last = file;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.wake(), QUIET);
  }
}
