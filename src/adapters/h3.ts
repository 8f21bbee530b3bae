import type { H3Config, H3Event, Middleware } from "h3";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { clearAnswer, errorAnswer } from "../visit/answer.ts";
import { Around, aroundOf, reportPassedBy } from "../visit/around.ts";
import { isUpgrade } from "../visit/carry.ts";
import { expose } from "../visit/expose.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { admit, headersOf, isData, runBehind, watched } from "../visit/value.ts";

/** `as`, `exclusive`, `skip` and `onError`. */
export type H3SessionsOptions = MountOptions<H3Event>;

/**
 * Returns middleware for h3 v2. `event.context.session` is the session. Assigning replaces its data; `{}` and null
 * end it. The session is saved before the response is made. Changes that are made while the body streams are saved at
 * its end, or when the client leaves; if that fails, the body fails.
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

/** Returns the value of a handler, watched if it streams. Adds headers to the event, where h3 finds them. */
function carry({ res }: H3Event, around: Around, value: unknown): unknown {
  if (value === Symbol.for("h3.handled")) reportPassedBy(around, "h3");
  const response = value instanceof Response ? value : undefined;
  if (response && isUpgrade(response)) return around.settle(response);
  admit(value, around);
  if (around.isDue) {
    const isError = value === undefined || typeof value === "symbol" || value instanceof Error;
    const headers = isError || (response?.status ?? 0) >= 400 ? res.errHeaders : res.headers;
    // h3 does not copy a response if there are no other headers to add.
    if (response && headers.keys().next().done) return around.settle(response);
    // If h3 itself failed at making JSON, the cookie would be lost.
    if (around.hasCookie && isData(value)) JSON.stringify(value);
    around.addTo(headers, headersOf(value));
    if (isError) around.addTo(res.headers);
  }
  return watched(value, around);
}

const wrapped = new WeakSet<object>();

/**
 * Adds headers to a Response that `onError` returns, as h3 adds none to it; and at last, if `onResponse` or outer
 * middleware may have changed them.
 */
function carryOutside({ app }: H3Event, isOutermost: boolean): void {
  if (app === undefined || wrapped.has(app.config)) return;
  const { onError, onResponse } = app.config;
  const config: H3Config = { ...app.config };
  if (onError !== undefined)
    config.onError = async (error, event) => {
      const answered = await onError(error, event);
      return answered instanceof Response ? aroundOf(event)?.settle(answered) : answered;
    };
  if (onResponse !== undefined || !isOutermost)
    config.onResponse = async (response, event) => {
      try {
        await onResponse?.(response, event);
      } finally {
        aroundOf(event)?.addTo(response.headers);
      }
    };
  wrapped.add(config);
  (app as { config: H3Config }).config = Object.freeze(config);
}
