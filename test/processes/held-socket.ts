import { once } from "node:events";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import type { SocketServerCase } from "../sockets/_servers.ts";
import { now } from "./obey.ts";

/** A client that only listens, and notes when what happened. Milliseconds on the clock that all processes share. */
export interface HeldSocket {
  /** When it was closed, and how: code and reason, or what Socket.IO says; undefined while it is open. */
  readonly closed: Closed | undefined;
  /** Resolves when it is closed. */
  readonly over: Promise<Closed>;
  /** What has come. */
  readonly received: string[];
  send(text: string): void;
  drop(): void;
}

interface Closed {
  readonly at: number;
  readonly how: string;
}

/** What a socket has got, for its client to fill in. */
class Held {
  closed: Closed | undefined;
  readonly received: string[] = [];
  readonly #over = Promise.withResolvers<Closed>();
  readonly over = this.#over.promise;

  end(how: string): void {
    this.closed = { at: now(), how };
    this.#over.resolve(this.closed);
  }
}

/** Opens a socket with this cookie. Throws if it is refused. */
export async function hold(
  kind: SocketServerCase["client"],
  port: number,
  cookie: string,
): Promise<HeldSocket> {
  const origin = `http://127.0.0.1:${port}`;
  return kind === "ws"
    ? holdWs(port, { origin, cookie })
    : holdSocketIo(kind.slice("socket.io ".length), origin, { origin, cookie });
}

async function holdWs(port: number, headers: { origin: string; cookie: string }): Promise<HeldSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?case=none`, { headers });
  const held = new Held();
  socket.on("message", (data: Buffer) => held.received.push(data.toString()));
  socket.on("close", (code, reason) => held.end(`${code} ${reason}`));
  await once(socket, "open");
  socket.on("error", () => {});
  return Object.assign(held, {
    send: (text: string) => socket.send(text),
    drop: () => socket.terminate(),
  });
}

async function holdSocketIo(
  transport: string,
  url: string,
  extraHeaders: Record<string, string>,
): Promise<HeldSocket> {
  const socket = io(url, { transports: [transport], forceNew: true, reconnection: false, extraHeaders });
  const held = new Held();
  socket.on("message", (text: string) => held.received.push(text));
  socket.on("disconnect", (how) => held.end(how));
  await new Promise<void>((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return Object.assign(held, {
    send: (text: string) => void socket.send(text),
    drop: () => void socket.close(),
  });
}
