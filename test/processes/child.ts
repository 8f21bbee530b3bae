import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { StoreSpec } from "./stores.ts";

const SCRIPT = new URL("server.ts", import.meta.url);

interface Message {
  readonly answer?: unknown;
  readonly error?: string;
  readonly busy?: boolean;
}

/** A server process of its own, on the store that the others use too. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(store: StoreSpec, deadline: number) {
    this.#process = fork(SCRIPT, [JSON.stringify(store), String(deadline)], { execArgv: [] });
    this.#exited = once(this.#process, "exit");
  }

  /** Starts so many, and waits until they are ready. `deadline`: seconds that a call of the store may take. */
  static async start(store: StoreSpec, count: number, deadline: number = 5): Promise<Child[]> {
    const children = Array.from({ length: count }, () => new Child(store, deadline));
    await Promise.all(children.map((child) => child.#next()));
    return children;
  }

  /** Gives it something to do; answers what comes of it. Throws what it threw. */
  async run(task: string, cookie: string | readonly string[] = "", ...values: number[]): Promise<unknown> {
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
