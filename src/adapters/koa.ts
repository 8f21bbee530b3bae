import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { type KoaSessionMembers, koaKind } from "../facades/koa.ts";
import { errorAnswer } from "../visit/answer.ts";
import { clearHead } from "../visit/error-answer.ts";
import { Hold, holdOf } from "../visit/hold.ts";
import { mountOf, pathIn, type UseOptions } from "../visit/mount.ts";
import { expose, isMounted, Visit } from "../visit/visit.ts";

export type { ExpressCookie, ExpressSessionMembers, SessionCallback } from "../facades/express.ts";
export type { KoaSessionMembers } from "../facades/koa.ts";

/** `ctx.session`: plain data to read and write, and the members that other libraries look for. */
export type KoaSession<T extends object = SessionData> = Session<T> & KoaSessionMembers;

/** What is needed of Koa's context. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly app: { emit(event: string, ...about: unknown[]): boolean };
  readonly originalUrl: string;
  readonly path: string;
  readonly method: string;
  status: number;
  body: unknown;
  /** false: the handler answers on `ctx.res` itself. */
  respond?: boolean | undefined;
  onerror(error: Error): void;
}

/** Middleware after which Koa's types know `ctx.session`, or whatever its name is. */
export type KoaSessionsMiddleware<T extends object = SessionData, As extends string = "session"> = (
  ctx: KoaContext & { [K in As]: KoaSession<T> },
  next: () => Promise<unknown>,
) => Promise<void>;

/** `as`, `exclusive` and `skip`. Paths are those of the request, wherever the middleware is mounted. */
export interface KoaSessionsOptions<As extends string = "session", Context = KoaContext>
  extends UseOptions<Context> {
  as?: As;
}

/**
 * `ctx.session` for Koa 3, as middleware. Assigning replaces the data, `{}` or null ends the session. It has the
 * methods that users of koa-session and koa-passport know; see `KoaSessionMembers`.
 *
 * The session is saved when the middleware behind it is done, before Koa responds; on `ctx.res` too, before the first
 * byte. What changes after that is saved at the end. A session that cannot be read, and a save that fails, are
 * thrown, to the error handling of middleware before it, or of Koa (status 503 for a back-end that is down); the body
 * is thrown away. Middleware that throws saves nothing, and an error caught behind it that is answered with 500 or
 * more counts as that. What an error handler before it changes is saved.
 *
 * Mounting the same sessions again does nothing; others need another `as` and another cookie. Throws ConfigError,
 * naming the option.
 */
export function koaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: KoaSessionsOptions<As> = {},
): KoaSessionsMiddleware<T, As> {
  const mount = mountOf<KoaContext>(sessions, options, ({ originalUrl }) => pathIn(originalUrl), koaKind);

  return async (ctx, next) => {
    const outer = holdOf(ctx.res);
    if (outer !== undefined && isMounted(outer.uses, mount)) {
      if (!(mount.as in ctx))
        throw new ConfigError("as", "An adapter around Koa has mounted these sessions. Use one of the two.");
      await next();
      return;
    }
    const tell = (error: unknown): void => void ctx.app.emit("error", error, ctx);
    const hold = outer ?? new Hold(ctx.req, ctx.res, tell, (error) => ctx.onerror(error as Error));
    const visit = new Visit(mount, ctx.req);
    hold.uses.push(visit);
    expose(visit, ctx);
    try {
      const loading = visit.load(ctx);
      if (loading !== undefined) await loading;
    } catch (error) {
      visit.discard();
      throw error;
    }
    if (hold.closed) {
      visit.discard();
      return;
    }
    // Until the middleware behind is done, an answer on `ctx.res` is all that shows of an error.
    if (outer === undefined) hold.running = true;
    let isSaving = false;
    try {
      await next();
      if (outer === undefined) hold.seesErrors = ctx.respond !== false;
      if (ctx.status >= 500) await visit.revert();
      isSaving = ctx.respond !== false && !ctx.res.headersSent;
      const saving = isSaving ? visit.save() : undefined;
      if (saving !== undefined) await saving;
    } catch (error) {
      if (outer === undefined) hold.seesErrors = true;
      if (isSaving) dropAnswer(ctx, visit, error);
      if (hold.makeWay(error)) await visit.revert();
      throw error;
    } finally {
      if (outer === undefined) hold.settle();
    }
  };
}

/** Leaves nothing of the answer for an error handler to send by mistake. */
function dropAnswer(ctx: KoaContext, visit: Visit, error: unknown): void {
  visit.discard();
  clearHead(ctx.res);
  ctx.body = undefined;
  ctx.status = errorAnswer(error).status;
}
