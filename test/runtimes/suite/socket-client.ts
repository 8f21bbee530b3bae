import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A message, or how the socket was closed. */
export type Heard = string | Uint8Array | { readonly code: number; readonly reason: string };

/**
 * A client of a WebSocket that is the same on every runtime: none of their own takes a cookie and an origin, reads the head of
 * the answer, and tells each frame.
 */
export class SocketClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: () => void = () => {};
  #isOver = false;
  status = 0;
  headers: [name: string, value: string][] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** Sends a handshake; `headers` replace those of a page of the same host. Reads the head of the answer. */
  static async open(
    url: string | URL,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<SocketClient> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    const client = new SocketClient(socket);
    await once(socket, "connect");
    const all = {
      Host: host,
      Origin: `http://${host}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    await client.#until(() => client.#bytes.includes("\r\n\r\n"));
    const end = client.#bytes.indexOf("\r\n\r\n");
    const [first = "", ...rest] = client.#bytes.subarray(0, end).toString("latin1").split("\r\n");
    client.#bytes = client.#bytes.subarray(end + 4);
    client.status = Number(first.split(" ")[1]);
    client.headers = rest.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return client;
  }

  get cookie(): string | undefined {
    const line = this.headers.find(
      ([name, value]) => name === "set-cookie" && value.startsWith("session_id="),
    );
    return line?.[1].split(";", 1)[0];
  }

  send(message: string | Uint8Array): void {
    this.#frame(typeof message === "string" ? 1 : 2, Buffer.from(message as string));
  }

  close(code: number, reason: string): void {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(code);
    this.#frame(8, Buffer.concat([head, Buffer.from(reason)]));
  }

  /** Breaks the connection. */
  cut(): void {
    this.#socket.destroy();
  }

  /** Returns what comes next. Pings are answered. A connection that breaks is 1006. */
  async next(): Promise<Heard> {
    for (;;) {
      await this.#until(() => this.#bytes.length >= 2 && this.#bytes.length >= this.#length()[1]);
      if (this.#isOver && (this.#bytes.length < 2 || this.#bytes.length < this.#length()[1]))
        return { code: 1006, reason: "" };
      const [start, end] = this.#length();
      const kind = this.#bytes[0]! & 15;
      const payload = Buffer.from(this.#bytes.subarray(start, end));
      this.#bytes = this.#bytes.subarray(end);
      if (kind === 1) return payload.toString();
      if (kind === 2) return new Uint8Array(payload);
      if (kind === 9) this.#frame(10, payload);
      if (kind !== 8) continue;
      this.#frame(8, payload);
      this.#socket.end();
      const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      return { code, reason: payload.subarray(2).toString() };
    }
  }

  /** Where the payload of the first frame begins and ends. */
  #length(): [start: number, end: number] {
    const short = this.#bytes[1]! & 127;
    if (short < 126) return [2, 2 + short];
    if (this.#bytes.length < 10) return [10, Number.POSITIVE_INFINITY];
    return short === 126
      ? [4, 4 + this.#bytes.readUInt16BE(2)]
      : [10, 10 + Number(this.#bytes.readBigUInt64BE(2))];
  }

  #frame(kind: number, payload: Buffer): void {
    const mask = Buffer.from([1, 2, 3, 4]);
    const masked = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!));
    const { length } = payload;
    const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
    head[0] = 128 | kind;
    head[1] = 128 | (length < 126 ? length : length < 65_536 ? 126 : 127);
    if (head.length === 4) head.writeUInt16BE(length, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere() && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}
