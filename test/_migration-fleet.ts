import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../examples/migrate-from-express-session", import.meta.url));
/** What each process loads before the example. */
const LOADED = ["_from-source.ts", "_movable-date.ts"].map((name) => new URL(name, import.meta.url).href);

export interface Answer {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly body: string;
}

/** One process of the example. */
export class Server {
  readonly #process: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: string;
  #running = 0;
  #idle: (() => void) | undefined;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  /** Starts a version of the example; waits until it listens. */
  static async start(file: string, variables: Record<string, string>): Promise<Server> {
    const child = spawn(process.execPath, [...LOADED.flatMap((url) => ["--import", url]), file], {
      cwd: FOLDER,
      env: { ...process.env, PORT: "0", ...variables },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    const died = once(child, "exit").then(() => Promise.reject(new Error(`${file} ended.`)));
    const [line] = (await Promise.race([once(child.stdout!, "data"), died])) as [Buffer];
    died.catch(() => {});
    return new Server(child, line.toString().trim());
  }

  /** Puts its clock ahead by so many milliseconds. */
  async putAhead(ahead: number): Promise<void> {
    const done = once(this.#process, "message");
    this.#process.send({ ahead });
    await done;
  }

  async ask(method: string, path: string, cookie: string): Promise<Answer> {
    this.#running++;
    const headers = cookie === "" ? {} : { cookie };
    const asking = request(this.#url + path, { method, headers, agent: this.#agent }).end();
    try {
      const [response] = await once(asking, "response");
      let body = "";
      for await (const chunk of response) body += chunk;
      return { status: response.statusCode, cookies: response.headers["set-cookie"] ?? [], body };
    } catch (error) {
      // The server has closed an idle connection at the moment at which it was used again.
      if (asking.reusedSocket && (error as { code?: unknown }).code === "ECONNRESET")
        return await this.ask(method, path, cookie);
      throw error;
    } finally {
      if (--this.#running === 0) this.#idle?.();
    }
  }

  /** Waits for what it is still answering, and ends it. */
  async stop(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#agent.destroy();
    this.kill();
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** The servers that requests are routed to, at random. */
export class Fleet {
  servers: Server[] = [];

  pick(): Server {
    return this.servers[Math.floor(Math.random() * this.servers.length)]!;
  }

  /** Replaces one server after the other by one of these, with a pause between. */
  async roll(next: readonly Server[], pause: () => Promise<void>): Promise<void> {
    for (const [index, server] of next.entries()) {
      const before = this.servers[index]!;
      this.servers[index] = server;
      await before.stop();
      await pause();
    }
  }
}
