import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registered } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { koaKind } from "../facades/koa.ts";
import { sendOwn } from "../visit/endpoint.ts";
import { clearHead } from "../visit/error-answer.ts";
import { errorAnswer } from "../visit/error-parts.ts";
import { expose } from "../visit/expose.ts";
import { Hold, holdOf } from "../visit/hold.ts";
import { mountOf, type UseOptions } from "../visit/mount.ts";
import { isMounted, Visit } from "../visit/visit.ts";
import type { KoaSession } from "./_koa-register.ts";

export type { ExpressCookie, ExpressSessionMembers, SessionCallback } from "../facades/express.ts";
export type { KoaSessionMembers } from "../facades/koa.ts";
export type { KoaSession, RegisteredContext } from "./_koa-register.ts";

/** The part of the context of Koa that is used. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly app: { emit(event: string, ...about: unknown[]): boolean };
  readonly originalUrl: string;
  readonly ip?: string | undefined;
  readonly path: string;
  readonly method: string;
  status: number;
  body: unknown;
  /** False if the handler answers on `ctx.res` itself. */
  respond?: boolean | undefined;
  onerror(error: Error): void;
}

/** Middleware that adds the session to the type of the context. */
export type KoaSessionsMiddleware<T extends object = Registered, As extends string = "session"> = (
  ctx: KoaContext & { [K in As]: KoaSession<T> },
  next: () => Promise<unknown>,
) => Promise<void>;

/** `as`, `csrf`, `exclusive`, `idle`, `signIn` and `skip`. Paths are those of the request, wherever the middleware is mounted. */
export interface KoaSessionsOptions<As extends string = "session", Context = KoaContext>
  extends UseOptions<Context, As> {}

/**
 * Returns middleware for Koa 3 that adds `ctx.session`. Assigning replaces the data; `{}` and null end the session.
 * It has the methods of koa-session, and those that koa-passport calls; see `KoaSessionMembers`. With @types/koa, every
 * `ctx` has the type that `Register` says.
 *
 * The session is saved when the middleware after this one is done, before Koa responds; with answers on `ctx.res`,
 * before the first byte. Later changes are saved at the end. Errors of load and save are thrown to the middleware
 * before this one, or to Koa (503 if the back-end is down); the body is dropped. Middleware that throws saves
 * nothing, and neither does an answer with a status of 500 or more to an error that is caught behind this middleware.
 * Changes of an error handler before this middleware are saved.
 *
 * Mounting the same sessions again has no effect; others need another `as` and another cookie. Throws ConfigError
 * that names an invalid option.
 */
export function koaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: KoaSessionsOptions<As> = {},
): KoaSessionsMiddleware<T, As> {
  const mount = mountOf<KoaContext>(sessions, options, ({ originalUrl }) => originalUrl, {
    kind: koaKind,
    addressOf: ({ ip }) => ip,
    names: ["as", "exclusive", "idle", "skip"],
  });

  return async (ctx, next) => {
    const own = mount.endpoint && sendOwn(mount.endpoint, ctx.req, ctx.res);
    if (own !== undefined) {
      ctx.respond = false;
      return own;
    }
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
    hold.add(visit);
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
    // Until later middleware is done, only the status of an answer on `ctx.res` shows an error.
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

/** Drops the answer, so that an error handler cannot send parts of it. */
function dropAnswer(ctx: KoaContext, visit: Visit, error: unknown): void {
  visit.discard();
  clearHead(ctx.res);
  ctx.body = undefined;
  ctx.status = errorAnswer(error).status;
}
