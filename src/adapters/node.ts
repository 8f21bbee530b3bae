import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { type Handler, listenerOf, type Next, pathOf } from "../visit/listener.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import type { NodeRequest, NodeResponse } from "../visit/node-response.ts";

/**
 * A request with its session: plain data to read and write. Assigning replaces the data; `{}` and null end the
 * session.
 */
export type RequestWithSession<
  T extends object = SessionData,
  Req = IncomingMessage,
  As extends string = "session",
> = Req & { [K in As]: Session<T> };

/** `as`, `exclusive`, `skip` and `onError`. */
export type NodeSessionsOptions<Req = IncomingMessage> = MountOptions<Req>;

/**
 * Gives `req.session` to a handler of `node:http` or `node:http2` (compatibility API). Returns a listener for
 * `createServer`. The session is saved before the first byte leaves, whichever way the handler responds; what changes
 * after that is saved at the end.
 *
 * A handler that throws or rejects saves nothing; the answer is the status of a SessionError, else 500, without
 * details. If a save fails, the handler's answer is thrown away and an error goes out (503 for a back-end that is
 * down). After the first byte there is no other answer to give, so the connection is closed and the client sees the
 * cut. A client that leaves early changes nothing: what the handler stores is saved.
 */
export function nodeSessions<
  T extends object,
  Req extends NodeRequest = IncomingMessage,
  Res extends NodeResponse = ServerResponse,
>(
  sessions: Sessions<T>,
  handler: (req: RequestWithSession<T, Req>, res: Res) => unknown,
  options?: NodeSessionsOptions<Req>,
): (req: Req, res: Res) => void;
/**
 * Without a handler: Connect-style middleware. A session that cannot be read, and a save that fails before the first
 * byte, go to `next(error)`: the answer is thrown away, the status is set to the error's, and the error handler
 * answers. Frameworks catch what handlers throw and do not tell the middleware, so here an answer with a status of
 * 500 or more counts as a handler that failed, and saves nothing (unless it called `commit` itself).
 */
export function nodeSessions<T extends object>(
  sessions: Sessions<T>,
  options?: NodeSessionsOptions,
): (req: IncomingMessage, res: ServerResponse, next: Next) => void;
export function nodeSessions<T extends object>(
  sessions: Sessions<T>,
  first: ((req: never, res: never) => unknown) | NodeSessionsOptions = {},
  second: NodeSessionsOptions<never> = {},
): (req: IncomingMessage, res: ServerResponse, next?: Next) => void {
  const [handler, options] = typeof first === "function" ? [first as Handler, second] : [undefined, first];
  return listenerOf(mountOf(sessions, options as NodeSessionsOptions, pathOf), handler);
}
