// In the place of `node:http` where the adapter suite asks in workerd: that one's own client joins the lines of Set-Cookie,
// and knows no way but the network.
import { EventEmitter } from "node:events";
import { self } from "./self.ts";

class Message {
  readonly statusCode: number;
  readonly headers: { "set-cookie"?: string[] } = {};
  readonly headersDistinct: Record<string, string[]> = {};
  readonly #body: ReadableStream<Uint8Array> | null;

  constructor({ status, headers, body }: Response) {
    this.statusCode = status;
    for (const [name, value] of headers) this.headersDistinct[name] = [value];
    const cookies = headers.getSetCookie();
    if (cookies.length > 0) this.headers["set-cookie"] = cookies;
    this.#body = body;
  }

  async *setEncoding(): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#body ?? []) yield decoder.decode(chunk, { stream: true });
  }
}

class Asking extends EventEmitter {
  readonly #ask: () => Promise<Response>;

  constructor(ask: () => Promise<Response>) {
    super();
    this.#ask = ask;
  }

  end(): void {
    this.#ask().then(
      (response) => this.emit("response", new Message(response)),
      (error: unknown) => this.emit("error", error),
    );
  }
}

export function request(url: URL, { method, headers }: { method: string; headers: HeadersInit }): Asking {
  return new Asking(() => self.fetch(url, { method, headers, redirect: "manual" }));
}
