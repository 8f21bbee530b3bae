import { once } from "node:events";

/** Where a command prints: results to `stdout`, everything else to `stderr`. */
export interface Terminal {
  /** Characters in a line. */
  readonly columns: number;
  /** Whether somebody sees what is printed to stderr, so that a bar can be drawn there. */
  readonly isWatched: boolean;
  /** Whether somebody can answer a question. */
  readonly canAnswer: boolean;
  readonly json: boolean;
  /** Prints a line of the result. Resolves when there is room for more. */
  print(line: string): Promise<void>;
  /** Tells something that is no result. */
  say(line: string): void;
}

/** Where less than this fits in a line, tables are this wide all the same. */
const NARROWEST = 40;

/** Returns the terminal of this process. In a pipe, lines have `COLUMNS` characters, or 80. */
export function ownTerminal(json: boolean): Terminal {
  const { stdin, stdout, stderr } = process;
  // Who reads the output may stop, as `head` does.
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    columns: Math.max(NARROWEST, stdout.columns || Number(process.env.COLUMNS) || 80),
    isWatched: stderr.isTTY === true,
    canAnswer: stdin.isTTY === true && stderr.isTTY === true,
    json,
    async print(line) {
      if (!stdout.write(`${line}\n`)) await once(stdout, "drain");
    },
    say(line) {
      stderr.write(`${line}\n`);
    },
  };
}

/** Notes the first Ctrl-C, for work that ends at its next step; the second one ends the process. */
export class Interrupt implements Disposable {
  asked = false;
  readonly #told: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor() {
    process.on("SIGINT", this.#hear).on("SIGTERM", this.#hear);
  }

  /** Resolves at the first Ctrl-C. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  [Symbol.dispose](): void {
    process.off("SIGINT", this.#hear).off("SIGTERM", this.#hear);
  }

  readonly #hear = (): void => {
    if (this.asked) process.exit(130);
    this.asked = true;
    this.#told.resolve();
  };
}
