import { io } from "socket.io-client";
import { onTestFinished } from "vitest";
import { siteAt } from "../app/_socket.ts";
import type { SocketServerCase } from "./_servers.ts";

/** A socket of either kind, as the suite uses it. */
export interface Client {
  send(text: string): void;
  next(): Promise<string>;
  /** Everything that came and was not asked for. */
  readonly received: readonly unknown[];
  /** How it was closed: code and reason, or what Socket.IO says. */
  readonly closed: Promise<string>;
  close(): void;
}

export interface Opening {
  cookie?: string | undefined;
  origin?: string;
  query?: string;
}

/** Opens a socket; throws an Error with the status if it is refused. */
export async function open(
  kind: SocketServerCase["client"],
  port: number,
  how: Opening = {},
): Promise<Client> {
  return kind === "ws" ? openWs(port, how) : openSocketIo(kind.slice("socket.io ".length), port, how);
}

async function openWs(port: number, { cookie, origin, query = "none" }: Opening): Promise<Client> {
  const at = siteAt(port);
  const opening = { cookie, ...(origin === undefined ? {} : { origin }) };
  const socket = await at.open(`/chat?case=${query}`, opening);
  return {
    send: (text) => socket.send(text),
    next: async () => String(await socket.next()),
    received: socket.received,
    closed: socket.closed.then(({ code, reason }) => `${code} ${reason}`),
    close: () => socket.close(),
  };
}

async function openSocketIo(
  transport: string,
  port: number,
  { cookie, origin, query = "none" }: Opening,
): Promise<Client> {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: [transport],
    query: { case: query },
    forceNew: true,
    reconnection: false,
    extraHeaders: {
      origin: origin ?? `http://127.0.0.1:${port}`,
      ...(cookie === undefined ? {} : { cookie }),
    },
  });
  onTestFinished(() => void socket.close());
  const received: string[] = [];
  const waiting: (() => void)[] = [];
  socket.on("message", (text: string) => {
    received.push(text);
    waiting.shift()?.();
  });
  const closed = new Promise<string>((resolve) => socket.on("disconnect", resolve));
  await new Promise<void>((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", (error: Error & { description?: unknown; context?: { status?: number } }) => {
      const status =
        error.context?.status ?? /\d{3}/.exec(String((error.description as Error)?.message))?.[0];
      reject(new Error(`The handshake was refused with ${status}.`));
    });
  });
  return {
    send: (text) => void socket.send(text),
    async next() {
      while (received.length === 0) await new Promise<void>((resolve) => void waiting.push(resolve));
      return received.shift()!;
    },
    received,
    closed,
    close: () => void socket.close(),
  };
}
