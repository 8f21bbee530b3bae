import type { Context, MiddlewareHandler, Next } from "hono";
import type { WSContext, WSEvents } from "hono/ws";
import type { Sessions } from "../core/sessions.ts";
import { visitAround } from "../visit/around.ts";
import { type Closable, closeFirmly } from "./_close.ts";
import { joinedOf } from "./_joined.ts";
import { type Entry, type GateOptions, socketGate } from "./gate.ts";
import type { SocketSession, SocketsOf } from "./socket-session.ts";

/** The `upgradeWebSocket` of a runtime. `Raw` is the runtime's own socket. */
export type Upgrade<Raw> = (
  events: (c: Context) => Promise<WSEvents<Raw>>,
) => (c: Context, next: Next) => Promise<unknown>;

/** What `honoSockets` returns. */
export interface HonoSockets<T extends object, Raw> extends SocketsOf<WSContext<Raw>, T> {
  /** Takes the place of `upgradeWebSocket`. */
  upgrade(events: (c: Context) => WSEvents<Raw> | Promise<WSEvents<Raw>>): MiddlewareHandler;
}

/**
 * Gives the sockets of Hono's `upgradeWebSocket` their sessions, on Node (`@hono/node-server`), Deno and Bun. In the events, `of(ws)` is
 * there from `onOpen` on. Where `honoSessions` is mounted too, the handlers before see the same session. Sockets of another site are
 * refused with 403, those that `authorize` refuses with its status. The cookie of a new session is on the 101, but not on Bun, where
 * Hono sends no headers: begin the session before. When the session ends, the socket is closed with 4401. Throws ConfigError for an
 * invalid option.
 *
 * @example
 * const sockets = honoSockets(sessions, upgradeWebSocket);
 * app.get("/chat", sockets.upgrade(() => ({
 *   onMessage: (_, ws) => sockets.of(ws).session((session) => update(session, "n", (n = 0) => n + 1)),
 * })));
 */
export function honoSockets<T extends object, Raw>(
  sessions: Sessions<T>,
  upgradeWebSocket: Upgrade<Raw>,
  options: GateOptions<T, Request> = {},
): HonoSockets<T, Raw> {
  const gate = socketGate<T, Request>(sessions, options);
  const joined = new WeakMap<object, SocketSession<T>>();
  const entries = new WeakMap<Context, Entry<T>>();
  return {
    of: (ws) => joinedOf(joined, keyOf(ws)),
    upgrade(events) {
      const handler = upgradeWebSocket(async (c) => {
        const entry = entries.get(c)!;
        const theirs = await events(c);
        return {
          ...theirs,
          onOpen(event, ws) {
            joined.set(keyOf(ws), entry.join(closeFirmly(closable(ws))));
            return theirs.onOpen?.(event, ws);
          },
          onClose(event, ws) {
            joined.get(keyOf(ws))?.leave();
            return theirs.onClose?.(event, ws);
          },
        };
      });
      return async (c, next) => {
        const visit = visitAround(c, sessions);
        const entry = await gate.enter(c.req.raw, { visit });
        if (!entry.ok) return new Response(entry.message, entry);
        entries.set(c, entry);
        const response = (await handler(c, next)) as Response | undefined;
        // The middleware of the sessions adds them itself.
        if (response !== undefined && visit === undefined) entry.addTo(response.headers);
        return response;
      };
    },
  };
}

/** On Bun, each event has a context of its own. */
function keyOf<Raw>(ws: WSContext<Raw>): object {
  return (ws.raw as object | undefined) ?? ws;
}

function closable<Raw>(ws: WSContext<Raw>): Closable {
  return {
    close: (code: number, reason: string) => ws.close(code, reason),
    terminate: () => (ws.raw as { terminate?: () => void } | undefined)?.terminate?.(),
  };
}
