import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("..", import.meta.url));
/** The command line as it is published. */
export const main: string = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** Compiles src/ to dist/ if dist/ is older. */
export function ensureDist(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/build.js", "--if-needed"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
}

/** The variables of this process without those that a test runner sets, and with some more. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PORT: _, NODE_OPTIONS: __, ...rest } = process.env;
  return { ...rest, ...more };
}

/** A program that runs until it is stopped, with all that it has printed. */
export class Running {
  readonly process: ChildProcess;
  out = "";
  err = "";
  /** Both, in the order of arrival. */
  all = "";
  readonly #over: Promise<unknown>;
  /** Resolves at the next output, or at the end. */
  #more: PromiseWithResolvers<void> = Promise.withResolvers();
  #isOver = false;

  constructor(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
    this.process = spawn(command, args, { cwd, env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
      this.#see(text);
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
      this.#see(text);
    });
    this.#over = once(this.process, "close").finally(() => {
      this.#isOver = true;
      this.#more.resolve();
    });
  }

  #see(text: string): void {
    this.all += text;
    const { resolve } = this.#more;
    this.#more = Promise.withResolvers();
    resolve();
  }

  /** Waits until `pattern` matches what was printed after the character `from`; returns the match. */
  async printed(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const more = this.#more.promise;
      const match = pattern.exec(this.all.slice(from));
      if (match !== null) return match;
      if (this.#isOver) throw new Error(`${String(pattern)} was never printed. Printed:\n${this.all}`);
      await more;
    }
  }

  /** Rejects, with what it has printed, when the program ends. */
  get ended(): Promise<never> {
    return this.#over.then(() => Promise.reject(new Error(`It ended. Printed:\n${this.all}`)));
  }

  /** The address it says that it listens on. */
  async address(): Promise<string> {
    return (await this.printed(/listening on (http:\/\/\S+)/))[1]!;
  }

  /** Sends a signal, if it still runs, and waits for its end; answers the exit code, or the signal it died of. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    await this.#over;
    return this.process.exitCode ?? this.process.signalCode;
  }
}
