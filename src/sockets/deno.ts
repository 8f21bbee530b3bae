import type { Sessions } from "../core/sessions.ts";
import { type GateOptions, socketGate } from "./gate.ts";
import type { SocketSession } from "./socket-session.ts";

/** The options of `Deno.upgradeWebSocket`. */
export interface DenoUpgradeOptions {
  protocol?: string | undefined;
  /** Seconds. */
  idleTimeout?: number | undefined;
}

/** What `denoSessions` returns. */
export interface DenoSessions<T extends object> {
  /** Answers a handshake. `onSocket` is called with the socket, before it opens, and its session. */
  upgrade(
    request: Request,
    onSocket: (socket: WebSocket, own: SocketSession<T>) => void,
    options?: DenoUpgradeOptions,
  ): Promise<Response>;
}

interface DenoHost {
  upgradeWebSocket(request: Request, options: DenoUpgradeOptions): { socket: WebSocket; response: Response };
}

/**
 * Gives the sockets of `Deno.serve` their sessions. Sockets of another site are refused with 403, those that `authorize` refuses with its
 * status. The cookie of a new session is on the 101. When the session ends, the socket is closed with 4401. Deno has no limit for the
 * size of a message. Throws ConfigError for an invalid option.
 *
 * @example
 * const sockets = denoSessions(sessions);
 * Deno.serve((request) =>
 *   sockets.upgrade(request, (socket, own) => {
 *     socket.onmessage = () => own.session((session) => update(session, "n", (n = 0) => n + 1));
 *   }),
 * );
 */
export function denoSessions<T extends object>(
  sessions: Sessions<T>,
  options: GateOptions<T, Request> = {},
): DenoSessions<T> {
  const gate = socketGate<T, Request>(sessions, options);
  return {
    async upgrade(request, onSocket, how = {}) {
      const entry = await gate.enter(request);
      if (!entry.ok) return new Response(entry.message, entry);
      const { Deno } = globalThis as unknown as { Deno: DenoHost };
      const { socket, response } = Deno.upgradeWebSocket(request, how);
      const own = entry.join((code, reason) => socket.close(code, reason));
      socket.addEventListener("close", () => own.leave());
      socket.addEventListener("error", () => own.leave());
      // What is passed as headers to `upgradeWebSocket` is not sent.
      entry.addTo(response.headers);
      onSocket(socket, own);
      return response;
    },
  };
}
