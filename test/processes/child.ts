import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { StoreSpec } from "./stores.ts";

const SERVER = "server.ts";
const LOADED = ["--import", new URL("../_from-source.ts", import.meta.url).href];

interface Message {
  readonly answer?: unknown;
  readonly error?: string;
  readonly busy?: boolean;
}

/** Seconds, as `createSessions` takes them. */
export interface Limits {
  readonly backendTimeout?: number;
  readonly watchLease?: number;
  readonly lock?: { readonly wait?: number; readonly ttl?: number };
}

/** What no process reaches that lives, however busy the machine is. */
export const PATIENT: Limits = { backendTimeout: 100, lock: { wait: 100, ttl: 100 } };

/** A server process of its own, on the store that the others use too. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(store: StoreSpec, limits: Limits, script: string) {
    const path = new URL(script, import.meta.url);
    this.#process = fork(path, [JSON.stringify(store), JSON.stringify(limits)], { execArgv: LOADED });
    this.#exited = once(this.#process, "exit");
  }

  /** Starts so many, and waits until they are ready. */
  static async start(
    store: StoreSpec,
    count: number,
    limits: Limits = {},
    script: string = SERVER,
  ): Promise<Child[]> {
    const children = Array.from({ length: count }, () => new Child(store, { ...PATIENT, ...limits }, script));
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
