import type { ChildProcess } from "node:child_process";
import { type FSWatcher, watch as watchFolder } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ended, forwardSignals, type Serve, send, start } from "./child.ts";
import { shorten } from "./stack.ts";

/** Editors write a file in several steps; milliseconds without another step before a restart. */
const QUIET = 100;
/** Milliseconds that a child gets to end by itself. */
const PATIENCE = 3000;

/** Serves in a child process that is restarted when a file it imports changes; answers an exit code at the end. */
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
      console.error("Waiting for a change of a file to start it again. Ctrl+C ends this.");
      await changes.next();
    }
    if (!stopping) {
      console.log(`${shorten(changes.last)} changed: starting again.`);
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

/** Watches folders and not files, because a file saved by renaming another over it is a new one. */
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
      // An import of a file in a folder that is not there: its error is printed by the child.
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
