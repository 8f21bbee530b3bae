import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registered } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { expressKind } from "../facades/express.ts";
import { publicId } from "../facades/regenerate.ts";
import { isAnswered } from "../visit/error-parts.ts";
import { dropChanges, listenerOf, type Next, targetOf } from "../visit/listener.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import type { ExpressSession, HasExpressSession } from "./_express-register.ts";

export type { ExpressCookie, ExpressSessionMembers, SessionCallback } from "../facades/express.ts";
export type { ExpressSession, HasExpressSession, RegisteredRequest } from "./_express-register.ts";

/** A request with its session. `Req` is the `Request` of Express, `As` the option `as`. */
export type ExpressRequest<
  T extends object = Registered,
  Req = IncomingMessage,
  As extends string = "session",
> = Req & ("session" extends As ? HasExpressSession<T> : { [K in As]: ExpressSession<T> });

/** `as`, `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. Paths are those of the request, wherever the middleware is mounted. */
export type ExpressSessionsOptions<Req = IncomingMessage> = MountOptions<Req>;

/**
 * Returns middleware for Express 5 and 4 that adds `req.session`. Mount it before everything that looks at the
 * session, such as Passport. The session is saved before the first byte is sent, whichever way the handler responds;
 * later changes are saved at the end. It has the methods of express-session (`regenerate`, `save`, `destroy`,
 * `cookie` ...; see `ExpressSessionMembers`). `req.sessionID` is its public name. Every `Request` of Express has the type
 * that `Register` says.
 *
 * Errors of load, and of a save before the first byte, go to the error handler: the answer is dropped, the status is
 * set to that of the error (503 if the back-end is down), and the error handler answers. An answer with a status of 400
 * or more stays, as it may be the error handler's: it goes out without a cookie, and `onError` gets the error of the
 * save. The middleware does not see
 * what handlers throw, as Express catches it. So an answer with a status of 500 or more counts as a failed handler
 * and saves nothing, except what the handler saved itself. An error with a lower status saves; mount `expressErrors`
 * behind the routes, and it saves nothing either.
 *
 * Mounting the same sessions again has no effect; others need another `as` and another cookie. Throws ConfigError
 * that names an invalid option.
 */
export function expressSessions<T extends object, Req extends IncomingMessage = IncomingMessage>(
  sessions: Sessions<T>,
  options: ExpressSessionsOptions<Req> = {},
): (req: IncomingMessage, res: ServerResponse, next: Next) => void {
  const mount = mountOf(sessions, options as unknown as ExpressSessionsOptions, targetOf, {
    kind: expressKind,
  });
  return listenerOf(mount, undefined, mount.as === "session" ? ["sessionID", SESSION_ID] : undefined);
}

/**
 * An error handler that makes every error of a handler count as a failure, whatever its status: what the handler changed
 * is dropped, except what it saved itself. Put it after the routes and before your own error handlers:
 * `app.use(expressErrors)`. Passes the error on, unless it is a guard's and `signIn` is given: then Express, which prints each
 * error that it gets, does not get it. What a later error handler changes is saved. Works in Connect too.
 */
export function expressErrors(
  error: unknown,
  _req: IncomingMessage,
  res: ServerResponse,
  next: Next,
): void | Promise<void> {
  const pass = (): void => void (isAnswered(error) ? res.writeHead(401).end() : next(error));
  return dropChanges(res, error)?.then(pass, next) ?? pass();
}

const SESSION_ID: PropertyDescriptor & ThisType<{ session?: object }> = {
  configurable: true,
  enumerable: true,
  get() {
    return this.session && publicId(this.session);
  },
};
