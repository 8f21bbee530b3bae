import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { type ExpressSessionMembers, expressKind } from "../facades/express.ts";
import { publicId } from "../facades/regenerate.ts";
import { listenerOf, type Next, pathOf } from "../visit/listener.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";

export type { ExpressCookie, ExpressSessionMembers, SessionCallback } from "../facades/express.ts";

/** `req.session`: plain data to read and write, and the members that other libraries look for. */
export type ExpressSession<T extends object = SessionData> = Session<T> & ExpressSessionMembers;

/** What a request has under the name `session`. Assigning replaces the data; `{}` and null end the session. */
export interface HasExpressSession<T extends object = SessionData> {
  get session(): ExpressSession<T>;
  set session(data: Session<T> | null);
  /** `session.id`: a public name, which opens nothing. */
  readonly sessionID: string;
}

/** A request with its session. `Req` is Express' own `Request`, `As` the option `as`. */
export type ExpressRequest<
  T extends object = SessionData,
  Req = IncomingMessage,
  As extends string = "session",
> = Req & ("session" extends As ? HasExpressSession<T> : { [K in As]: ExpressSession<T> });

/** `as`, `exclusive`, `skip` and `onError`. Paths are those of the request, wherever the middleware is mounted. */
export type ExpressSessionsOptions<Req = IncomingMessage> = MountOptions<Req>;

/**
 * `req.session` for Express 5 and 4, as middleware: mount it before whatever looks at the session, such as Passport.
 * The session is saved before the first byte leaves, whichever way the handler responds; what changes after that is
 * saved at the end. It has the methods that users of express-session know (`regenerate`, `save`, `destroy`, `cookie`
 * ...; see `ExpressSessionMembers`), and `req.sessionID` is its public name.
 *
 * A session that cannot be read, and a save that fails before the first byte, go to the error handler: the answer is
 * thrown away, the status is set to the error's (503 for a back-end that is down), and the error handler answers.
 * Express catches what handlers throw and does not tell the middleware, so an answer with a status of 500 or more
 * counts as a handler that failed, and saves nothing (unless it called `save` itself).
 *
 * Mounting the same sessions again does nothing; others need another `as` and another cookie. Throws ConfigError,
 * naming the option.
 */
export function expressSessions<T extends object, Req extends IncomingMessage = IncomingMessage>(
  sessions: Sessions<T>,
  options: ExpressSessionsOptions<Req> = {},
): (req: IncomingMessage, res: ServerResponse, next: Next) => void {
  const mount = mountOf(sessions, options as unknown as ExpressSessionsOptions, pathOf, expressKind);
  return listenerOf(mount, undefined, mount.as === "session" ? ["sessionID", SESSION_ID] : undefined);
}

const SESSION_ID: PropertyDescriptor & ThisType<{ session?: object }> = {
  configurable: true,
  enumerable: true,
  get() {
    return this.session && publicId(this.session);
  },
};
