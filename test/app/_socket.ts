import { once } from "node:events";
import type { App } from "micropie";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";

/** A served App, and clients of its WebSockets that come from its own pages. */
export interface Site {
  readonly url: string;
  readonly port: number;
  open(path: string, options?: Opening): Promise<Socket>;
  /** Returns the answer to a handshake that is refused. */
  refusal(path: string, options?: Opening): Promise<{ status: number; body: string; headers: Headers }>;
  close(): Promise<void>;
}

export interface Opening {
  cookie?: string | undefined;
  protocols?: string[];
  headers?: Record<string, string>;
  /** `null` for none. */
  origin?: string | null;
}

/** A WebSocket of a client, which keeps what it receives. */
export class Socket {
  readonly raw: WebSocket;
  readonly received: (string | Buffer)[] = [];
  cookie: string | undefined;
  headers: Record<string, unknown> = {};
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake: (() => void)[] = [];

  constructor(raw: WebSocket) {
    this.raw = raw;
    raw.on("error", () => {});
    raw.on("upgrade", ({ headers }) => {
      this.headers = headers;
      const line = headers["set-cookie"]?.find((each) => each.startsWith("session_id="));
      this.cookie = line?.split(";", 1)[0];
    });
    raw.on("message", (data: Buffer, isBinary) => {
      this.received.push(isBinary ? data : data.toString());
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      raw.on("close", (code, reason) => {
        for (const wake of this.#wake.splice(0)) wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  send(data: string | Uint8Array): void {
    this.raw.send(data);
  }

  /** Returns the next message; fails if the socket closes before. */
  async next(): Promise<string | Buffer> {
    while (this.received.length === 0) {
      if (this.raw.readyState >= WebSocket.CLOSING) throw new Error("The socket is closed.");
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.received.shift()!;
  }

  close(code?: number, reason?: string): void {
    this.raw.close(code, reason);
  }
}

/** Serves an App on a free port until the test ends. */
export async function site<T extends object>(app: App<T>): Promise<Site> {
  const running = await app.serve({ port: 0, hostname: "127.0.0.1", signals: false, shutdownTimeout: 0.5 });
  onTestFinished(() => running.close());
  return { ...siteAt(running.port), close: () => running.close() };
}

/** The same for a server that somebody else has started. */
export function siteAt(port: number): Omit<Site, "close"> {
  const connect = (path: string, { cookie, protocols = [], headers, origin }: Opening = {}): WebSocket => {
    const options: ClientOptions = { headers: { ...(cookie === undefined ? {} : { cookie }), ...headers } };
    if (origin !== null) options.origin = origin ?? `http://127.0.0.1:${port}`;
    return new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, options);
  };
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    async open(path, options) {
      const socket = new Socket(connect(path, options));
      onTestFinished(() => socket.raw.terminate());
      const failed = once(socket.raw, "unexpected-response").then(([, response]) => {
        throw new Error(`The handshake was refused with ${String(response.statusCode)}.`);
      });
      await Promise.race([once(socket.raw, "open"), failed]);
      return socket;
    },
    async refusal(path, options) {
      const raw = connect(path, options);
      raw.on("error", () => {});
      raw.on("open", () => raw.terminate());
      const opened = once(raw, "open").then(() => {
        throw new Error("The handshake was accepted.");
      });
      const [, response] = await Promise.race([once(raw, "unexpected-response"), opened]);
      let body = "";
      for await (const chunk of response) body += String(chunk);
      return { status: response.statusCode, body, headers: new Headers(response.headers) };
    },
  };
}
