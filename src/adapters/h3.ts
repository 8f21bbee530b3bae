import type { H3Event, Middleware } from "h3";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { clearAnswer } from "../visit/answer.ts";
import { Around, aroundOf } from "../visit/around.ts";
import { ownResponse } from "../visit/endpoint.ts";
import { errorAnswer } from "../visit/error-parts.ts";
import { expose } from "../visit/expose.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { runBehind } from "../visit/value.ts";
import { carry, carryOutside } from "./_h3-carry.ts";

export type { RegisteredSessions } from "./_h3-register.ts";

/** `as`, `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. */
export type H3SessionsOptions = MountOptions<H3Event>;

/**
 * Returns middleware for h3 v2. `event.context.session` is the session, of the type that `Register` says. Assigning
 * replaces its data; `{}` and null end it. The session is saved before the response is made. Changes that are made
 * while the body streams are saved at its end, or when the client leaves; if that fails, the body fails.
 *
 * Errors of load and save are thrown to h3, which answers with the status of the error (503 if the back-end is down),
 * or to its `onError`. A handler that throws or returns an Error saves nothing. What it committed itself stays, and
 * its cookie is sent with the error answer.
 *
 * The response has `Vary: Cookie` if the handler looked at the session. Mounting the same sessions again has no
 * effect. Throws ConfigError for an invalid option. A request fails with ConfigError if different sessions have the
 * same name or cookie.
 */
export function h3Sessions<T extends object>(
  sessions: Sessions<T>,
  options: H3SessionsOptions = {},
): Middleware {
  const mount = mountOf<H3Event>(sessions, options, ({ req }) => req.url);
  const middleware: Middleware = (event, next) => {
    const own = mount.endpoint && ownResponse(mount.endpoint, event.req as unknown as Request);
    if (own !== undefined) return own;
    const around = aroundOf(event) ?? new Around(mount, event);
    const visit = around.add(mount, event.req as unknown as Request);
    if (visit === undefined) return next();
    expose(visit, event.context);
    const isOutermost = event.app?.["~middleware"][0] === middleware;
    if (around.visits.length === 1) carryOutside(event, isOutermost);
    return runBehind(around, visit, next, {
      carry: (value) => carry(event, around, value),
      clear(error) {
        for (const headers of [event.res.headers, event.res.errHeaders]) clearAnswer(headers);
        Object.assign(event.res, { status: errorAnswer(error).status, statusText: undefined });
      },
    });
  };
  return middleware;
}

/**
 * Returns the session of an event, with its type. Throws ConfigError if `h3Sessions(sessions)` is not mounted before
 * the handler.
 */
export function sessionOf<T extends object>(event: H3Event, sessions: Sessions<T>): Session<T> {
  const visit = aroundOf(event)?.visits.find(({ mount }) => mount.sessions === (sessions as unknown));
  if (visit !== undefined) return visit.session as Session<T>;
  throw new ConfigError("sessions", "Put app.use(h3Sessions(sessions)) before this handler.");
}
