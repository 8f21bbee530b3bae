import type { IncomingMessage } from "node:http";
import type { Sessions } from "../core/sessions.ts";
import { type Closable, closeFirmly } from "./_close.ts";
import { joinedOf } from "./_joined.ts";
import { type Entry, type GateOptions, socketGate } from "./gate.ts";
import type { SocketSession, SocketsOf } from "./socket-session.ts";

/** What this uses of the sockets of `ws`. */
export interface WsSocket extends Closable {
  once(event: "close", listener: () => void): unknown;
}

type Done = (accepted: boolean, status?: number, message?: string, headers?: Record<string, string>) => void;
interface Info {
  readonly req: IncomingMessage;
}
type Verify = ((info: never, done: Done) => void) | ((info: never) => boolean);

type WsConnection = [socket: WsSocket, req: IncomingMessage];

/** What this uses of a `WebSocketServer` of `ws`. */
export interface WsServer {
  readonly options: { verifyClient?: unknown };
  on(event: "headers", listener: (lines: string[], req: IncomingMessage) => void): unknown;
  prependListener(event: "connection", listener: (...args: WsConnection) => void): unknown;
}

/**
 * Gives the sockets of a `WebSocketServer` of `ws` their sessions: with `server` and `path`, and with `noServer`. Call it before the
 * server listens. In listeners for `connection`, `of(socket)` is there. Sockets of another site are refused with 403, those that
 * `authorize` refuses with its status. A `verifyClient` of yours is asked after that. The cookie of a new session is on the 101. When
 * the session ends, the socket is closed with 4401. Set `maxPayload` of `ws`, which is 100 MiB by default.
 * Throws ConfigError for an invalid option.
 *
 * @example
 * const server = new WebSocketServer({ server: httpServer, path: "/chat", maxPayload: 1_048_576 });
 * const sockets = wsSessions(sessions, server);
 * server.on("connection", (socket) => {
 *   socket.on("message", () => sockets.of(socket).session((session) => update(session, "n", (n = 0) => n + 1)));
 * });
 */
export function wsSessions<T extends object>(
  sessions: Sessions<T>,
  server: WsServer,
  options: GateOptions<T, IncomingMessage> = {},
): SocketsOf<WsSocket, T> {
  const gate = socketGate(sessions, options);
  const entries = new WeakMap<IncomingMessage, Entry<T>>();
  const joined = new WeakMap<object, SocketSession<T>>();
  const theirs = server.options.verifyClient as Verify | null | undefined;
  const verify = async (info: Info, done: Done): Promise<void> => {
    const entry = await gate.enter(info.req);
    if (!entry.ok) return done(false, entry.status, entry.message, { ...entry.headers });
    entries.set(info.req, entry);
    if (!theirs) return done(true);
    if (theirs.length === 2) theirs(info as never, done);
    else done((theirs as (info: never) => boolean)(info as never));
  };
  server.options.verifyClient = (info: Info, done: Done): void => void verify(info, done);
  server.on("headers", (lines, req) => {
    for (const [name, value] of entries.get(req)?.headers ?? []) lines.push(`${name}: ${value}`);
  });
  server.prependListener("connection", (socket, req) => {
    const entry = entries.get(req);
    if (entry === undefined) return;
    const own = entry.join(closeFirmly(socket));
    joined.set(socket, own);
    socket.once("close", () => own.leave());
  });
  return { of: (socket) => joinedOf(joined, socket) };
}
