import type { Hooks, Peer } from "crossws";
import type { Sessions } from "../core/sessions.ts";
import { closeFirmly } from "./_close.ts";
import { joinedOf } from "./_joined.ts";
import { type Entry, type GateOptions, socketGate } from "./gate.ts";
import type { SocketSession, SocketsOf } from "./socket-session.ts";

/** What `crosswsSessions` returns. */
export interface CrosswsSessions<T extends object> extends SocketsOf<Peer, T> {
  /** To be passed to crossws, or to `defineWebSocketHandler` of h3. */
  readonly hooks: Partial<Hooks>;
  /**
   * On Deno, which does not send the headers that crossws passes to it: adds the cookie of a new session to what `handleUpgrade` has
   * returned. Elsewhere it returns the response as it is.
   */
  answer(request: Request, response: Response): Response;
}

const ENTRY = Symbol("micropie.entry");

/**
 * Gives the peers of crossws their sessions, on Node, Bun, Deno and Workers: wraps `hooks`, in which `of(peer)` is there from `open`
 * on. Sockets of another site are refused with 403, those that `authorize` refuses with its status; your hook `upgrade` is asked after
 * that. The cookie of a new session is on the 101. When the session ends, the peer is closed with 4401. Throws ConfigError for an
 * invalid option.
 *
 * @example
 * const sockets = crosswsSessions(sessions, {
 *   message: (peer) => sockets.of(peer).session((session) => update(session, "n", (n = 0) => n + 1)),
 * });
 * const adapter = nodeAdapter({ hooks: sockets.hooks });
 * app.get("/chat", defineWebSocketHandler(sockets.hooks)); // in h3
 */
export function crosswsSessions<T extends object>(
  sessions: Sessions<T>,
  hooks: Partial<Hooks>,
  options: GateOptions<T, Request> = {},
): CrosswsSessions<T> {
  const gate = socketGate<T, Request>(sessions, options);
  const joined = new WeakMap<object, SocketSession<T>>();
  const entries = new WeakMap<object, Entry<T>>();
  const leave = (peer: Peer): void => joined.get(peer)?.leave();
  return {
    of: (peer) => joinedOf(joined, peer),
    answer(request, response) {
      if ("Deno" in globalThis)
        for (const [name, value] of entries.get(request)?.headers ?? []) response.headers.append(name, value);
      return response;
    },
    hooks: {
      ...hooks,
      async upgrade(request) {
        const entry = await gate.enter(request as Request);
        if (!entry.ok) return new Response(entry.message, entry);
        const theirs = (await hooks.upgrade?.(request)) ?? {};
        if (theirs instanceof Response) return theirs;
        entries.set(request, entry);
        const headers = new Headers((theirs as { headers?: HeadersInit }).headers);
        entry.addTo(headers);
        const { context } = theirs as { context?: object };
        return { ...theirs, headers, context: { ...context, [ENTRY]: entry } };
      },
      open(peer) {
        const entry = (peer.context as { [ENTRY]?: Entry<T> })[ENTRY];
        if (entry !== undefined) joined.set(peer, entry.join(closeFirmly(peer)));
        return hooks.open?.(peer);
      },
      close(peer, details) {
        leave(peer);
        return hooks.close?.(peer, details);
      },
      error(peer, error) {
        leave(peer);
        return hooks.error?.(peer, error);
      },
    },
  };
}
