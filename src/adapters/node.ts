import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { Hold, holdOf } from "./_hold.ts";
import type { NodeRequest, NodeResponse } from "./_response.ts";
import { Visit } from "./_visit.ts";

/** A request with its session: plain data to read and write; assigning replaces the data, and `{}` ends the session. */
export type RequestWithSession<T extends object = SessionData, Req = IncomingMessage> = Req & {
  session: Session<T>;
};

export interface NodeSessionsOptions<Req = IncomingMessage> {
  /** Which requests have their session alone among those that ask for it (see `exclusive`). Default: none. */
  exclusive?: boolean | ((req: Req) => boolean);
  /** Told of every error that cannot be seen otherwise: what a handler threw, a failed save. Default: `console.error`. */
  onError?: (error: unknown, req: Req) => void;
}

/**
 * Gives `req.session` to a handler of `node:http` or `node:http2` (compatibility API); answers a listener for
 * `createServer`. The session is saved before the first byte leaves, whichever way the handler responds; what changes
 * after that is saved at the end.
 *
 * A handler that throws or rejects saves nothing; the answer is the status of a SessionError, else 500, without
 * details. If a save fails, the handler's answer is thrown away and an error goes out (503 for a back-end that is down).
 * After the first byte there is no other answer to give, so the connection is closed and the client sees the cut.
 * A client that leaves early changes nothing: what the handler stores is saved.
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
 * answers. Frameworks catch what handlers throw and do not tell the middleware, so here an answer with a status of 500
 * or more counts as a handler that failed, and saves nothing (unless it called `commit` itself).
 */
export function nodeSessions<T extends object>(
  sessions: Sessions<T>,
  options?: NodeSessionsOptions,
): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
export function nodeSessions<T extends object>(
  sessions: Sessions<T>,
  handlerOrOptions?: ((req: never, res: never) => unknown) | NodeSessionsOptions,
  given?: NodeSessionsOptions<never>,
): (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void {
  const handler = typeof handlerOrOptions === "function" ? (handlerOrOptions as Handler) : undefined;
  const options = (given ??
    (handler === undefined ? handlerOrOptions : undefined) ??
    {}) as NodeSessionsOptions;
  const { exclusive = false, onError = (error: unknown) => console.error(error) } = options;
  const untyped = sessions as unknown as Sessions<SessionData>;

  return (req, res, next) => {
    const outer = holdOf(res);
    if (outer !== undefined) {
      if (handler === undefined && outer.visit.sessions === untyped) return next!();
      throw new ConfigError("sessions", "Sessions are mounted twice: this request has one already.");
    }
    const visit = new Visit(untyped, req);
    const hold = new Hold(visit, req, res, onError, handler === undefined ? next : undefined);
    const { cookie } = req.headers;
    if (cookie !== undefined) {
      try {
        hold.exclusive = typeof exclusive === "function" ? exclusive(req) : exclusive;
        const loaded = untyped.load(cookie, hold.exclusive ? ALONE : undefined);
        if (loaded instanceof Promise) {
          loaded.then(
            (session) => {
              visit.session = session;
              if (hold.closed) visit.discard();
              else start(handler, hold, req, res, next);
            },
            (error: unknown) => hold.failToLoad(error),
          );
          return;
        }
        visit.session = loaded;
      } catch (error) {
        hold.failToLoad(error);
        return;
      }
    }
    start(handler, hold, req, res, next);
  };
}

type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;

const ALONE = { exclusive: true };

function start(
  handler: Handler | undefined,
  hold: Hold,
  req: IncomingMessage,
  res: ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): void {
  if (handler === undefined) {
    next!();
    return;
  }
  try {
    const result = handler(req, res);
    if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return;
    hold.running = true;
    (result as PromiseLike<unknown>).then(
      () => hold.settle(),
      (error: unknown) => hold.fail(error),
    );
  } catch (error) {
    hold.fail(error);
  }
}
