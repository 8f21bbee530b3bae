import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registered, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { type Handler, listenerOf, type Next, targetOf } from "../visit/listener.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import type { NodeRequest, NodeResponse } from "../visit/node-response.ts";
import type { HasSession } from "./_registered.ts";

export type { HasSession } from "./_registered.ts";

/** A request with its session: plain data to read and write. `As` is the option `as`. */
export type RequestWithSession<
  T extends object = Registered,
  Req = IncomingMessage,
  As extends string = "session",
> = Req & ("session" extends As ? HasSession<T> : { [K in As]: Session<T> });

/** `as`, `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. */
export type NodeSessionsOptions<Req = IncomingMessage> = MountOptions<Req>;

/**
 * Returns a listener for `createServer` of `node:http` or `node:http2` (compatibility API) that adds `req.session`
 * and calls the handler. The session is saved before the first byte is sent, whichever way the handler responds;
 * later changes are saved at the end.
 *
 * A handler that throws or rejects saves nothing. The answer has the status of a SessionError, else 500, and no
 * details. If a save fails, the answer of the handler is dropped, and an error is sent (503 if the back-end is down);
 * after the first byte, the connection is closed. If the client leaves early, the changes are saved all the same.
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
 * Without a handler, returns Connect-style middleware. Errors of load, and of a save before the first byte, go to
 * `next(error)`: the answer is dropped, the status is set to that of the error, and the error handler answers. The
 * middleware does not see what handlers throw, as frameworks catch it. So an answer with a status of 500 or more
 * counts as a failed handler and saves nothing, except what the handler committed itself. For errors with a lower
 * status, mount `expressErrors` of the Express adapter behind the routes.
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
  return listenerOf(mountOf(sessions, options as NodeSessionsOptions, targetOf), handler);
}
