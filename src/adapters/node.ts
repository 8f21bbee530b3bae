import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import type { NodeRequest, NodeResponse } from "./_response.ts";
import { pathIn, resolveUse, type UseOptions } from "./_use.ts";
import { Visit } from "./_visit.ts";
import { Visits } from "./_visits.ts";
import { Hold, holdOf } from "./hold.ts";

/** A request with its session: plain data to read and write; assigning replaces the data, and `{}` ends the session. */
export type RequestWithSession<
  T extends object = SessionData,
  Req = IncomingMessage,
  As extends string = "session",
> = Req & { [K in As]: Session<T> };

export interface NodeSessionsOptions<Req = IncomingMessage> extends UseOptions<Req> {
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
  const { onError = (error: unknown) => console.error(error) } = options;
  const { as, wants } = resolveUse(options as UseOptions<NodeRequest>, pathOf);
  const untyped = sessions as unknown as Sessions<SessionData>;

  return (req, res, next) => {
    const outer = holdOf(res);
    const go = (): unknown => (handler === undefined ? next!() : handler(req, res));
    if (outer !== undefined && isMounted(outer, untyped, as)) return go();
    const visit = new Visit(untyped, req, as);
    const hold = outer ?? new Hold(visit, req, res, onError, handler === undefined ? next : undefined);
    if (outer !== undefined) outer.add(visit);
    let loading: Promise<void> | undefined;
    try {
      const want = wants(req);
      if (want?.exclusive) hold.exclusive = true;
      loading = visit.load(want);
    } catch (error) {
      if (outer !== undefined && next === undefined) throw error;
      return outer === undefined ? hold.failToLoad(error) : next!(error);
    }
    if (outer !== undefined) {
      // Whoever holds the response is told of errors by whoever called us.
      if (loading === undefined) return go();
      return next === undefined ? loading.then(go) : void loading.then(() => next(), next);
    }
    if (loading === undefined) return start(handler, hold, req, res, next);
    return void loading.then(
      () => {
        if (hold.closed) visit.discard();
        else start(handler, hold, req, res, next);
      },
      (error: unknown) => hold.failToLoad(error),
    );
  };
}

type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;
type Next = (error?: unknown) => void;

/** The path that the client asked for; Connect and Express cut off where they are mounted. */
export function pathOf(req: NodeRequest): string {
  return pathIn((req as { originalUrl?: string }).originalUrl ?? req.url ?? "/");
}

/** Whether these sessions have this place already. Throws ConfigError if others have it, or their cookie. */
function isMounted({ visit }: Hold, sessions: Sessions<SessionData>, as: string): boolean {
  const all = visit instanceof Visits ? visit.all : [visit];
  for (const other of all) {
    if (!(other instanceof Visit)) continue;
    if (other.sessions === sessions && other.as === as) return true;
    if (other.sessions === sessions || other.as === as)
      throw new ConfigError("as", `Sessions are mounted twice: this request has req.${other.as} already.`);
    if (other.sessions.options.cookie.name === sessions.options.cookie.name)
      throw new ConfigError("cookie.name", `req.${as} needs a cookie of another name than req.${other.as}.`);
  }
  return false;
}

function start(
  handler: Handler | undefined,
  hold: Hold,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next | undefined,
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
