import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { SessionKind } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { prepareErrorHead } from "./_error-head.ts";
import type { HeldResponse, NodeRequest } from "./_response.ts";
import { isSame, pathIn, resolveUse, type UseOptions } from "./_use.ts";
import { Visit } from "./_visit.ts";
import { Visits } from "./_visits.ts";
import { Hold, holdOf } from "./hold.ts";

export interface ListenerOptions<Req = IncomingMessage> extends UseOptions<Req> {
  /** Told of every error that cannot be seen otherwise: what a handler threw, a failed save. Default: `console.error`. */
  onError?: (error: unknown, req: Req) => void;
}

export type Next = (error?: unknown) => void;
export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;

/** Gives requests their session, of this kind, and runs the handler; without a handler, it is middleware. */
export function listenerOf(
  sessions: Sessions<SessionData>,
  handler: Handler | undefined,
  options: ListenerOptions,
  kind?: SessionKind,
): (req: IncomingMessage, res: ServerResponse, next?: Next) => void {
  const { onError = (error: unknown) => console.error(error) } = options;
  const { as, wants } = resolveUse(options as UseOptions<NodeRequest>, pathOf, kind);

  /** One more session of a request whose response is held already. */
  const inside = (hold: Hold, req: IncomingMessage, res: ServerResponse, next: Next | undefined): unknown => {
    const go = (): unknown => (handler === undefined ? next!() : handler(req, res));
    const failed = (error: unknown): void => hold.fail(error);
    // The caller may wait for what we answer, or not.
    const run = (): unknown => {
      const result = go();
      return handler !== undefined && isThenable(result) ? result.then(undefined, failed) : result;
    };
    if (isMounted(hold, sessions, as)) return run();
    const visit = new Visit(sessions, req, as);
    hold.add(visit);
    if (res.headersSent) void visit.commit();
    const refuse = (error: unknown): void => {
      visit.discard();
      if (handler === undefined) {
        if (!res.headersSent) prepareErrorHead(res as unknown as HeldResponse, error, visit, true);
        next!(error);
      } else failed(error);
    };
    let loading: Promise<void> | undefined;
    try {
      const want = wants(req);
      if (want?.exclusive) hold.exclusive = true;
      loading = visit.load(want);
    } catch (error) {
      return refuse(error);
    }
    if (loading === undefined) return run();
    const loaded = loading.then(() => {
      // What waited for its turn was given up with its client.
      if (hold.closed && hold.exclusive) return undefined;
      return handler === undefined ? go() : later(run).catch(failed);
    }, refuse);
    return handler === undefined ? undefined : loaded;
  };

  return (req, res, next) => {
    const outer = holdOf(res);
    if (outer !== undefined) return inside(outer, req, res, next);
    const visit = new Visit(sessions, req, as);
    const hold = new Hold(visit, req, res, onError, handler === undefined ? next : undefined);
    let loading: Promise<void> | undefined;
    try {
      const want = wants(req);
      if (want?.exclusive) hold.exclusive = true;
      loading = visit.load(want);
    } catch (error) {
      return hold.failToLoad(error);
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

/** The path that the client asked for; Connect and Express cut off where they are mounted. */
export function pathOf(req: NodeRequest): string {
  return pathIn((req as { originalUrl?: string }).originalUrl ?? req.url ?? "/");
}

/** Whether these sessions have this place already. Throws ConfigError if others have it, or their cookie. */
export function isMounted({ visit }: Hold, sessions: Sessions<SessionData>, as: string): boolean {
  const all = visit instanceof Visits ? visit.all : [visit];
  return all.some((other) => other instanceof Visit && isSame(other, { sessions, as }));
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
    if (!isThenable(result)) return;
    hold.running = true;
    result.then(
      () => hold.settle(),
      (error: unknown) => hold.fail(error),
    );
  } catch (error) {
    hold.fail(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

/** What it throws rejects. */
async function later(run: () => unknown): Promise<unknown> {
  return run();
}
