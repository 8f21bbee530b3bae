import type { IncomingMessage, ServerResponse } from "node:http";
import type { Namespace, Server, Socket } from "socket.io";
import type { Sessions } from "../core/sessions.ts";
import { reasonOf } from "../errors.ts";
import type { NodeHeaders } from "../visit/answer.ts";
import { isUpgrade } from "../visit/upgrade.ts";
import { joinedOf } from "./_joined.ts";
import { type Entry, type GateOptions, type Refusal, socketGate } from "./gate.ts";
import type { SocketSession, SocketsOf } from "./socket-session.ts";

/**
 * Gives the sockets of Socket.IO 4 their sessions, by either transport. Call it before you add listeners. `socket.request.session` is the
 * session as it was at the handshake, to be looked at; `of(socket)` is there in listeners for `connection`. Handshakes of another site
 * are refused with 403, those that `authorize` refuses with its status. The cookie of a new session is on the answer. When the session
 * ends, every socket of it is disconnected for good: the client sees `io server disconnect`, and does not connect again by itself.
 * Throws ConfigError for an invalid option.
 *
 * @example
 * const sockets = socketIoSessions(sessions, io);
 * io.on("connection", (socket) => {
 *   socket.on("hit", () => sockets.of(socket).session((session) => update(session, "n", (n = 0) => n + 1)));
 * });
 */
export function socketIoSessions<T extends object>(
  sessions: Sessions<T>,
  io: Server,
  options: GateOptions<T, IncomingMessage> = {},
): SocketsOf<Socket, T> {
  const gate = socketGate(sessions, options);
  const entries = new WeakMap<IncomingMessage, Entry<T>>();
  const joined = new WeakMap<object, SocketSession<T>>();
  const enter = async (req: IncomingMessage, res: object, next: () => void): Promise<void> => {
    // A later request of a client whose handshake is done.
    if (new URLSearchParams(req.url?.split("?")[1]).has("sid")) return next();
    const entry = await gate.enter(req, { isSocket: false });
    if (!entry.ok) return refuse(req, res, entry);
    entries.set(req, entry);
    Object.defineProperty(req, "session", { value: entry.session, configurable: true });
    entry.addTo(res as NodeHeaders);
    next();
  };
  io.engine.use((req: IncomingMessage, res: object, next: () => void) => void enter(req, res, next));
  const watch = (namespace: Pick<Namespace, "on">): void => {
    namespace.on("connection", (socket) => {
      const entry = entries.get(socket.request);
      if (entry === undefined) return;
      const own = entry.join(() => socket.disconnect(true));
      joined.set(socket, own);
      socket.once("disconnect", () => own.leave());
    });
  };
  watch(io.of("/"));
  io.on("new_namespace", watch);
  return { of: (socket) => joinedOf(joined, socket) };
}

/** Engine.IO would answer every refusal of its middleware with 400. */
function refuse(req: IncomingMessage, res: object, { status, message, headers }: Refusal): void {
  if (!isUpgrade(res)) {
    (res as ServerResponse).writeHead(status, headers).end(message);
    return;
  }
  const lines = Object.entries({
    ...headers,
    connection: "close",
    "content-length": Buffer.byteLength(message),
  });
  const head = [
    `HTTP/1.1 ${status} ${reasonOf(status)}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ];
  const { socket } = req;
  socket.end(`${head.join("\r\n")}\r\n\r\n${message}`, () => socket.destroy());
}
