import type { Sessions } from "../core/sessions.ts";
import { type Closable, closeFirmly } from "./_close.ts";
import { joinedOf } from "./_joined.ts";
import { type Entry, type GateOptions, socketGate } from "./gate.ts";
import type { SocketSession, SocketsOf } from "./socket-session.ts";

/** What this uses of Bun's sockets. */
export interface BunSocket extends Closable {
  readonly data: object;
}

/** What this uses of Bun's server. */
export interface BunServer {
  upgrade(request: Request, options: { data: object; headers: Headers }): boolean;
}

/** What `Bun.serve` takes as `websocket`. */
export interface BunHandlers {
  open?(socket: never): unknown;
  message(socket: never, message: never): unknown;
  close?(socket: never, code: number, reason: string): unknown;
}

/** What `bunSessions` returns. */
export interface BunSessions<T extends object, H> extends SocketsOf<BunSocket, T> {
  /** To be passed to `Bun.serve`. */
  readonly websocket: H;
  /** Answers a handshake. `data` becomes the `data` of the socket. Returns undefined if the socket opens. */
  upgrade(request: Request, server: BunServer, data?: object): Promise<Response | undefined>;
}

/**
 * Gives the sockets of `Bun.serve` their sessions. In the handlers, `of(socket)` is there. Sockets of another site are refused with 403,
 * those that `authorize` refuses with its status. The cookie of a new session is on the 101. When the session ends, the socket is closed
 * with 4401. Set `maxPayloadLength` of Bun, which is 16 MiB by default. Throws ConfigError for an invalid option.
 *
 * @example
 * const sockets = bunSessions(sessions, {
 *   maxPayloadLength: 1_048_576,
 *   async message(socket: ServerWebSocket<object>) {
 *     await sockets.of(socket).session((session) => update(session, "n", (n = 0) => n + 1));
 *   },
 * });
 * Bun.serve({ websocket: sockets.websocket, fetch: (request, server) => sockets.upgrade(request, server) });
 */
export function bunSessions<T extends object, H extends BunHandlers>(
  sessions: Sessions<T>,
  handlers: H,
  options: GateOptions<T, Request> = {},
): BunSessions<T, H> {
  const gate = socketGate<T, Request>(sessions, options);
  const entries = new WeakMap<object, Entry<T>>();
  const joined = new WeakMap<object, SocketSession<T>>();
  return {
    of: (socket) => joinedOf(joined, socket.data),
    websocket: {
      ...handlers,
      open(socket: BunSocket) {
        const entry = entries.get(socket.data);
        if (entry !== undefined) joined.set(socket.data, entry.join(closeFirmly(socket)));
        return handlers.open?.(socket as never);
      },
      close(socket: BunSocket, code: number, reason: string) {
        joined.get(socket.data)?.leave();
        return handlers.close?.(socket as never, code, reason);
      },
    },
    async upgrade(request, server, data = {}) {
      const entry = await gate.enter(request);
      if (!entry.ok) return new Response(entry.message, entry);
      const { headers } = entry;
      entries.set(data, entry);
      if (server.upgrade(request, { data, headers })) return undefined;
      return new Response("The WebSocket could not be opened.", { status: 500 });
    },
  };
}
