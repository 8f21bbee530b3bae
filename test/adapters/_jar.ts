import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type IncomingHttpHeaders, request as send } from "node:http";
import type { Socket } from "node:net";

export interface JarAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly setCookie: readonly string[];
  readonly text: string;
  /** Whether the connection broke before the answer was whole. */
  readonly cut: boolean;
}

export interface JarRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
}

/** A browser that keeps every cookie by its name, and follows no redirect. Each request has its own connection. */
export class Jar {
  readonly #url: string;
  readonly cookies: Map<string, string>;

  constructor(url: string, cookies: Iterable<readonly [string, string]> = []) {
    this.#url = url;
    this.cookies = new Map(cookies);
  }

  /** The Host header that it sends. */
  get host(): string {
    return new URL(this.#url).host;
  }

  /** The same browser before what comes: another tab, or somebody who has stolen its cookies. */
  copy(): Jar {
    return new Jar(this.#url, this.cookies);
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<JarAnswer> {
    return this.ask(path, { headers });
  }

  /** Asks, and returns what leaves before the answer; fulfilled when the server, in this process, knows of it. */
  leaving(path: string): () => Promise<void> {
    const servers = Promise.withResolvers<Socket>();
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const asking = send(new URL(this.#url), { headers: { cookie }, agent: false, path });
    const onSocket = (message: unknown): void => {
      const { socket } = message as { socket: Socket };
      if (socket.remotePort === asking.socket?.localPort) servers.resolve(socket);
    };
    subscribe("net.server.socket", onSocket);
    asking.on("error", () => {}).end();
    return async () => {
      const socket = await servers.promise;
      unsubscribe("net.server.socket", onSocket);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      asking.destroy();
      await closed;
      await new Promise(setImmediate);
    };
  }

  post(path: string, form: Readonly<Record<string, string>> = {}): Promise<JarAnswer> {
    return this.ask(path, { method: "POST", form });
  }

  ask(path: string, { method = "GET", headers = {}, form }: JarRequest): Promise<JarAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const sent = {
      ...(cookie === "" ? {} : { cookie }),
      ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      // The path is sent as it is given, and not as a URL parser would write it.
      const options = { method, headers: sent, agent: false, path };
      const request = send(new URL(this.#url), options, (message) => {
        const setCookie = message.headers["set-cookie"] ?? [];
        for (const line of setCookie) this.#keep(line);
        let text = "";
        const done = (cut: boolean): void =>
          resolve({ status: message.statusCode ?? 0, headers: message.headers, setCookie, text, cut });
        message.setEncoding("utf8").on("data", (part) => {
          text += part;
        });
        message.on("end", () => done(false)).on("error", () => done(true));
      });
      request.on("error", reject).end(body);
    });
  }

  #keep(line: string): void {
    const [pair = ""] = line.split(";", 1);
    const at = pair.indexOf("=");
    if (/; Max-Age=0/i.test(line)) this.cookies.delete(pair.slice(0, at));
    else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}
