import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { LoadSave, SessionData } from "micropie";
import { type Gate, gate } from "micropie/testing";
import { onTestFinished } from "vitest";

/** A back-end as a user writes one: two slow methods. The next saves can be held, or fail. */
export class SlowBackend implements LoadSave {
  readonly #stored = new Map<string, string>();
  #gate: Gate | undefined;
  saves = 0;
  /** What every save rejects with, from now on. */
  broken: Error | undefined;

  hold(): Gate {
    this.#gate = gate();
    return this.#gate;
  }

  async load(id: string): Promise<SessionData> {
    await null;
    return JSON.parse(this.#stored.get(id) ?? "{}");
  }

  async save(id: string, data: SessionData, timeout: number): Promise<void> {
    this.saves += 1;
    await this.#gate?.wait();
    if (this.broken !== undefined) throw this.broken;
    if (timeout === 0 || Object.keys(data).length === 0) this.#stored.delete(id);
    else this.#stored.set(id, JSON.stringify(data));
  }
}

/** Serves until the test is over; answers the port. */
export async function serve(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  rawHeaders: string[];
  body: string;
  /** Our cookie, as a browser would send it back. */
  cookie: string | undefined;
  /** Whether the connection broke before the answer was whole. */
  cut: boolean;
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  path = "/",
  init: { method?: string; cookie?: string | undefined } = {},
): Promise<Answer> {
  const { method = "GET", cookie } = init;
  return new Promise((resolve, reject) => {
    const headers = cookie === undefined ? {} : { cookie };
    const asked = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (res) => {
      let body = "";
      const done = (cut: boolean) => {
        const ours = res.headers["set-cookie"]?.find((line) => line.startsWith("session_id="));
        resolve({
          status: res.statusCode!,
          headers: res.headers,
          rawHeaders: res.rawHeaders,
          body,
          cookie: ours?.split(";")[0],
          cut,
        });
      };
      res.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      res.on("end", () => done(false)).on("error", () => done(true));
    });
    asked.on("error", reject).end();
  });
}

/** A request by hand, to see when which byte comes. */
export class Wire {
  readonly socket: Socket;
  received = "";

  constructor(port: number, path: string, headers: Record<string, string | undefined> = {}, method = "GET") {
    this.socket = connect(port, "127.0.0.1").setEncoding("utf8");
    this.socket.on("data", (text) => {
      this.received += text;
    });
    this.socket.on("error", () => {});
    const lines = Object.entries({ Host: "localhost", ...headers }).flatMap(([name, value]) =>
      value ? [`${name}: ${value}\r\n`] : [],
    );
    this.socket.write(`${method} ${path} HTTP/1.1\r\nConnection: close\r\n${lines.join("")}\r\n`);
  }

  /** Everything, when the server has closed the connection. */
  async all(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, "close");
    return this.received;
  }

  /** Waits until this text has come. */
  async until(text: string): Promise<void> {
    while (!this.received.includes(text)) await once(this.socket, "data");
  }
}
