import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

const SCRIPT = new URL("_process.ts", import.meta.url);

interface Message {
  readonly answer?: unknown;
  readonly error?: string;
  readonly busy?: boolean;
}

/** A server process of its own, on one SQLite file. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(path: string) {
    this.#process = fork(SCRIPT, [path], { execArgv: [] });
    this.#exited = once(this.#process, "exit");
  }

  /** Starts so many, and waits until they are ready. */
  static async start(path: string, count: number): Promise<Child[]> {
    const children = Array.from({ length: count }, () => new Child(path));
    await Promise.all(children.map((child) => child.#next()));
    return children;
  }

  /** Gives it something to do; answers what comes of it. Throws what it threw. */
  async run(task: string, cookie: string = "", ...values: number[]): Promise<unknown> {
    const next = this.#next();
    this.#process.send({ task, values: [cookie, ...values] });
    return next;
  }

  /** Gives it something to do that never ends; resolves when it is in the middle of it. */
  async begin(task: string, cookie: string): Promise<void> {
    await this.run(task, cookie);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill("SIGKILL");
    await this.#exited;
  }

  async #next(): Promise<unknown> {
    const died = this.#exited.then(() => Promise.reject(new Error("The process ended.")));
    const [message] = (await Promise.race([once(this.#process, "message"), died])) as [Message];
    if (message.error !== undefined) throw new Error(message.error);
    return message.answer;
  }
}
