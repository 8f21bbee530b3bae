import type { IncomingMessage } from "node:http";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { holdOf } from "../visit/hold.ts";
import { Visit } from "../visit/visit.ts";
import { closeFirmly } from "./_close.ts";
import { joinedOf } from "./_joined.ts";
import { type Entry, type GateOptions, socketGate } from "./gate.ts";
import type { SocketSession, SocketsOf } from "./socket-session.ts";
import type { WsServer, WsSocket } from "./ws.ts";

/** What `fastifySockets` returns. */
export interface FastifySockets<T extends object> extends SocketsOf<WsSocket, T> {
  readonly plugin: FastifyPluginAsync;
}

/** What is added to the options of a route by @fastify/websocket. */
interface WebSocketRoute {
  readonly websocket?: boolean;
  readonly wsHandler?: unknown;
}

/**
 * Gives the sockets of @fastify/websocket 11 their sessions. Register its `plugin` after `@fastify/websocket`, and before the routes. In
 * handlers, `of(socket)` is there. Where `fastifySessions` is registered too, hooks and `authorize` see the same session. Sockets of
 * another site are refused with 403, those that `authorize` refuses with its status. The cookie of a new session is on the 101. When
 * the session ends, the socket is closed with 4401. Throws ConfigError for an invalid option.
 *
 * @example
 * const sockets = fastifySockets(sessions);
 * await app.register(websocket, { options: { maxPayload: 1_048_576 } });
 * await app.register(sockets.plugin);
 * app.get("/chat", { websocket: true }, (socket) => {
 *   socket.on("message", () => sockets.of(socket).session((session) => update(session, "n", (n = 0) => n + 1)));
 * });
 */
export function fastifySockets<T extends object>(
  sessions: Sessions<T>,
  options: GateOptions<T, IncomingMessage> = {},
): FastifySockets<T> {
  const gate = socketGate(sessions, options);
  const entries = new WeakMap<IncomingMessage, Entry<T>>();
  const joined = new WeakMap<object, SocketSession<T>>();

  async function decide(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (!(request as { ws?: boolean }).ws) return undefined;
    const visit = holdOf(reply.raw)?.uses.find(
      (use) => use instanceof Visit && use.mount.sessions === (sessions as unknown),
    );
    const entry = await gate.enter(request.raw, { visit });
    if (!entry.ok) return reply.code(entry.status).headers(entry.headers).send(entry.message);
    entries.set(request.raw, entry);
    return undefined;
  }

  const plugin: FastifyPluginAsync = async (app) => {
    const { websocketServer: server } = app as unknown as { websocketServer?: WsServer };
    if (server === undefined) throw new ConfigError("plugin", "Register @fastify/websocket before.");
    app.addHook("onRoute", (route) => {
      const { websocket, wsHandler } = route as WebSocketRoute;
      if (!websocket && wsHandler === undefined) return;
      // After all hooks of the application, which may refuse the request or change its session.
      route.preHandler = [route.preHandler ?? [], decide].flat() as never;
    });
    server.on("headers", (lines, req) => {
      for (const [name, value] of entries.get(req)?.headers ?? []) lines.push(`${name}: ${value}`);
    });
    server.prependListener("connection", (socket, req) => {
      const own = entries.get(req)?.join(closeFirmly(socket));
      if (own === undefined) return;
      joined.set(socket, own);
      socket.once("close", () => own.leave());
    });
  };
  // As fastify-plugin does: the hook belongs to the scope that registers.
  Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "micropie-sockets",
  });
  return { plugin, of: (socket) => joinedOf(joined, socket) };
}
