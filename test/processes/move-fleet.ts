import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Build, MoveOrder, Said } from "./move-server.ts";
import type { StoreSpec } from "./stores.ts";

const LOADED = ["--import", new URL("../_from-source.ts", import.meta.url).href];
const SERVER = new URL("move-server.ts", import.meta.url);

/** What a process answered. */
export interface Answer {
  readonly status: number;
  /** The cookie that it set, as a browser sends it; "" for one that it removed. */
  readonly cookie: string | undefined;
  readonly said: Said | undefined;
  readonly build: string;
}

/** One process of the application. */
class Application {
  readonly #process: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;

  readonly #build: Build;

  private constructor(process: ChildProcess, port: number, build: Build) {
    this.#process = process;
    this.#port = port;
    this.#build = build;
  }

  static async start(order: MoveOrder): Promise<Application> {
    const child = fork(SERVER, [JSON.stringify(order)], { execArgv: LOADED });
    const died = once(child, "exit").then(() => Promise.reject(new Error("A process of the fleet ended.")));
    const [{ port }] = (await Promise.race([once(child, "message"), died])) as [{ port: number }];
    died.catch(() => {});
    return new Application(child, port, order.build);
  }

  /** Undefined if it was killed meanwhile, so that nobody knows what it did. */
  async ask(path: string, cookie: string): Promise<Answer | undefined> {
    try {
      const { headers, status, body } = await this.#get(path, cookie);
      const [line] = headers["set-cookie"] ?? [];
      const value = line?.split(";", 1)[0];
      const said = status === 200 || status === 401 ? (JSON.parse(body) as Said) : undefined;
      return { status, cookie: value?.endsWith("=") ? "" : value, said, build: this.#build };
    } catch {
      return undefined;
    }
  }

  async #get(path: string, cookie: string) {
    const headers = cookie === "" ? {} : { cookie };
    const asking = request({ port: this.#port, host: "127.0.0.1", path, headers, agent: this.#agent }).end();
    const [response] = await once(asking, "response");
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) body += chunk;
    return {
      status: response.statusCode as number,
      headers: response.headers as Record<string, string[] | undefined>,
      body,
    };
  }

  /** In the middle of whatever it does. */
  async kill(): Promise<void> {
    const isOver = this.#process.exitCode !== null || this.#process.signalCode !== null;
    if (!isOver) {
      this.#process.kill("SIGKILL");
      await once(this.#process, "exit");
    }
    this.#agent.destroy();
  }
}

/** The processes of an application whose sessions move. Any of them is killed at any time, and another one takes its place. */
export class MoveFleet {
  #stores: Pick<MoveOrder, "from" | "to">;
  #all: Application[] = [];
  #build: Build = "source";
  /** How many processes were killed. */
  kills = 0;

  private constructor(from: StoreSpec, to: StoreSpec) {
    this.#stores = { from, to };
  }

  /** Starts so many that know the source alone. */
  static async start(from: StoreSpec, to: StoreSpec, count: number): Promise<MoveFleet> {
    const fleet = new MoveFleet(from, to);
    fleet.#all = await Promise.all(Array.from({ length: count }, () => fleet.#one()));
    return fleet;
  }

  #one(): Promise<Application> {
    return Application.start({ ...this.#stores, build: this.#build });
  }

  /** Sends a request to any of them. */
  ask(path: string, cookie = ""): Promise<Answer | undefined> {
    return this.#all[Math.floor(Math.random() * this.#all.length)]!.ask(path, cookie);
  }

  /** The next builds move sessions the other way. */
  turnAround(): void {
    const { from, to } = this.#stores;
    this.#stores = { from: to, to: from };
  }

  /** Deploys the next build: each process is killed, and one of the new build takes its place. */
  async deploy(build: Build): Promise<void> {
    this.#build = build;
    const next = await Promise.all(this.#all.map(() => this.#one()));
    for (const [index, application] of next.entries()) await this.#replace(index, application);
  }

  /** Kills one of them. */
  async strike(): Promise<void> {
    await this.#replace(Math.floor(Math.random() * this.#all.length), await this.#one());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((application) => application.kill()));
  }

  async #replace(index: number, next: Application): Promise<void> {
    // Not just when the other one has come up: then it would often be idle.
    await pause(Math.random() * 100);
    const before = this.#all[index]!;
    this.#all[index] = next;
    this.kills += 1;
    await before.kill();
  }
}
