import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { environment } from "./_command.ts";

const PTY = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";

/** Whether a pseudo-terminal can be had here. */
export const hasTerminal: boolean = spawnSync("python3", ["-c", "import pty"]).status === 0;

export const KEYS = { enter: "\r", down: "\x1b[B", interrupt: "\x03", clear: "\x15", tab: "\t" } as const;

const running = new Set<ChildProcess>();

/** Ends the programs of all terminals. */
export function endTerminals(): void {
  for (const each of running) each.kill();
}

interface Place {
  readonly cwd: string;
  readonly columns?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A program in a pseudo-terminal of its own. */
export class Terminal {
  readonly #process: ChildProcess;
  readonly #over: Promise<unknown[]>;
  #printed = "";
  #seen = 0;
  #more: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(program: readonly string[], { cwd, columns = 120, env = {} }: Place) {
    // Its own terminal has no columns.
    const sized = `stty rows 40 cols ${columns} && exec "$@"`;
    const command = ["-c", PTY, "sh", "-c", sized, "sh", ...program];
    this.#process = spawn("python3", command, { cwd, env: environment({ TERM: "xterm", ...env }) });
    running.add(this.#process);
    this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#printed += text;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    });
    this.#over = once(this.#process, "close").finally(() => {
      running.delete(this.#process);
      this.#more.resolve();
    });
  }

  /** Waits until a text is on the screen, after those that were waited for before. Returns what matched. */
  async shows(text: string | RegExp): Promise<string> {
    for (;;) {
      const more = this.#more.promise;
      const screen = stripVTControlCharacters(this.#printed);
      const rest = screen.slice(this.#seen);
      const found =
        typeof text === "string" ? (rest.includes(text) ? text : undefined) : text.exec(rest)?.[0];
      if (found !== undefined) {
        this.#seen += rest.indexOf(found) + found.length;
        return found;
      }
      if (this.#process.exitCode !== null) throw new Error(`${text} was never shown:\n${screen}`);
      await more;
    }
  }

  press(keys: string): void {
    this.#process.stdin!.write(keys);
  }

  /** The exit code, and everything that was on the screen. */
  async end(): Promise<{ code: unknown; screen: string }> {
    const [code] = await this.#over;
    return { code, screen: stripVTControlCharacters(this.#printed) };
  }
}
