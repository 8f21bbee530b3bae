import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { assign } from "./_assign.ts";
import { OF_ONE_ANSWER } from "./_error-head.ts";
import { type KoaSessionMembers, koaKind } from "./_koa-facade.ts";
import { isMounted } from "./_listener.ts";
import { pathIn, resolveUse, type UseOptions } from "./_use.ts";
import { Visit } from "./_visit.ts";
import { Hold, holdOf } from "./hold.ts";

export type { ExpressCookie } from "./_express-cookie.ts";
export type { ExpressSessionMembers, SessionCallback } from "./_express-facade.ts";
export type { KoaSessionMembers } from "./_koa-facade.ts";

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

/** `as`, `exclusive` and `skip`, as for every adapter. Paths are those that the client asked for. */
export interface KoaSessionsOptions<As extends string = "session", Context = KoaContext>
  extends UseOptions<Context> {
  as?: As;
}

/**
 * `ctx.session` for Koa 3, as middleware. Assigning replaces the data, `{}` or null ends the session. It has the
 * methods that users of koa-session and koa-passport know; see `KoaSessionMembers`.
 *
 * The session is saved when the middleware behind it is done, before Koa responds; on `ctx.res` too, before the first
 * byte. What changes after that is saved at the end. A session that cannot be read, and a save that fails, are thrown, to
 * the error handling of middleware before it, or of Koa (status 503 for a back-end that is down); the body is thrown away.
 * Middleware that throws saves nothing, and an error caught behind it that is answered with 500 or more counts as that.
 * What an error handler before it changes is saved.
 *
 * Mounting the same sessions again does nothing; others need another `as` and another cookie. Throws ConfigError, naming
 * the option.
 */
export function koaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: KoaSessionsOptions<As> = {},
): KoaSessionsMiddleware<T, As> {
  const { as, wants } = resolveUse<KoaContext>(options, ({ originalUrl }) => pathIn(originalUrl), koaKind);
  const untyped = sessions as unknown as Sessions<SessionData>;
  const key = Symbol(`micropie.${as}`);
  const property: PropertyDescriptor & ThisType<{ [key]: Visit }> = {
    configurable: true,
    enumerable: true,
    get() {
      return this[key].look();
    },
    set(data: object | null) {
      assign(this[key].look(), data);
    },
  };

  return async (ctx, next) => {
    const outer = holdOf(ctx.res);
    if (outer !== undefined && isMounted(outer, untyped, as)) {
      if (!(as in ctx))
        throw new ConfigError(
          "as",
          "Another adapter around Koa has mounted these sessions. Use one of the two.",
        );
      await next();
      return;
    }
    const visit = new Visit(untyped, ctx.req, as, true);
    (ctx as unknown as { [key]: Visit })[key] = visit;
    Object.defineProperty(ctx, as, property);
    const hold = outer ?? holdFor(visit, ctx);
    outer?.add(visit);
    try {
      const want = wants(ctx);
      if (want?.exclusive) hold.exclusive = true;
      const loading = visit.load(want);
      if (loading !== undefined) await loading;
    } catch (error) {
      visit.discard();
      throw error;
    }
    if (hold.closed) {
      visit.discard();
      return;
    }
    if (outer === undefined) hold.running = true;
    try {
      await next();
      if (outer === undefined) hold.seesErrors = ctx.respond !== false;
      if (ctx.status >= 500) await visit.revert();
      const saved = ctx.respond === false || ctx.res.headersSent ? undefined : save(visit, ctx);
      if (saved !== undefined) await saved;
    } catch (error) {
      if (outer === undefined) hold.seesErrors = true;
      if (hold.makeWay(error)) await visit.revert();
      throw error;
    } finally {
      if (outer === undefined) hold.settle();
    }
  };
}

function holdFor(visit: Visit, ctx: KoaContext): Hold {
  const tell = (error: unknown): void => void ctx.app.emit("error", error, ctx);
  // Until the middleware behind is done, an answer on `ctx.res` is all that shows of an error.
  return new Hold(visit, ctx.req, ctx.res, tell, (error) => ctx.onerror(error as Error));
}

/** Before Koa responds. */
function save(visit: Visit, ctx: KoaContext): Promise<void> | undefined {
  try {
    const saved = visit.save();
    return saved instanceof Promise ? saved.catch((error: unknown) => refuse(error, visit, ctx)) : undefined;
  } catch (error) {
    return refuse(error, visit, ctx);
  }
}

/** Leaves nothing of the answer for an error handler to send by mistake. */
function refuse(error: unknown, visit: Visit, ctx: KoaContext): never {
  visit.discard();
  // With a Content-Type of JSON, Koa makes "null" of nothing.
  for (const name of ctx.res.getHeaderNames()) if (OF_ONE_ANSWER.test(name)) ctx.res.removeHeader(name);
  ctx.body = undefined;
  ctx.res.setHeader("Cache-Control", "no-store");
  ctx.status = answerTo(error).status;
  throw error;
}
