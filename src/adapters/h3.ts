import type { H3Config, H3Event, Middleware } from "h3";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { clearAnswer, errorAnswer } from "../visit/answer.ts";
import { Around, aroundOf, isUpgrade, reportPassedBy } from "../visit/around.ts";
import { type MountOptions, mountOf, pathIn } from "../visit/mount.ts";
import { headersOf, isData, runBehind, watched } from "../visit/value.ts";
import { expose } from "../visit/visit.ts";

/** `as`, `exclusive`, `skip` and `onError`. */
export type H3SessionsOptions = MountOptions<H3Event>;

/**
 * Middleware of h3 v2: `event.context.session` is the session; assigning replaces its data, and `{}` ends it. It is
 * saved before the response is made; what changes while a body streams is saved at its end, or when the client
 * leaves, and if that fails, the body breaks off.
 *
 * A session that cannot be read, and a save that fails, are thrown: h3 answers the error's status (503 if the
 * back-end is down), or `onError` does. A handler that throws, or returns an Error, saves nothing; what it saved
 * itself with `commit` stays, and its cookie goes with the error answer.
 *
 * A response varies on Cookie if the handler looked at the session. Mounted again, it changes nothing. Throws
 * ConfigError for a bad option; a request for which two different sessions have one name or one cookie does too.
 */
export function h3Sessions<T extends object>(
  sessions: Sessions<T>,
  options: H3SessionsOptions = {},
): Middleware {
  const mount = mountOf<H3Event>(sessions, options, ({ req }) => pathIn(req.url));
  return (event, next) => {
    const around = aroundOf(event) ?? new Around(mount, event);
    const visit = around.add(mount, event.req as unknown as Request);
    if (visit === undefined) return next();
    expose(visit, event.context);
    if (around.visits.length === 1) carryOnError(event);
    return runBehind(around, visit, next, {
      carry: (value) => carry(event, around, value),
      clear(error) {
        for (const headers of [event.res.headers, event.res.errHeaders]) clearAnswer(headers);
        Object.assign(event.res, { status: errorAnswer(error).status, statusText: undefined });
      },
    });
  };
}

/**
 * The session that `h3Sessions(sessions)` has given to the request of this event, with its type.
 * Throws ConfigError if it is not mounted before this handler.
 */
export function sessionOf<T extends object>(event: H3Event, sessions: Sessions<T>): Session<T> {
  const visit = aroundOf(event)?.visits.find(({ mount }) => mount.sessions === (sessions as unknown));
  if (visit !== undefined) return visit.session as Session<T>;
  throw new ConfigError("sessions", "Put app.use(h3Sessions(sessions)) before this handler.");
}

/** Returns what a handler answered, with its body watched; leaves its headers with the event, where h3 finds them. */
function carry({ res }: H3Event, around: Around, value: unknown): unknown {
  if (value === Symbol.for("h3.handled")) reportPassedBy(around, "h3");
  const response = value instanceof Response ? value : undefined;
  if (response && isUpgrade(response)) return around.settle(response);
  if (around.isDue) {
    const isError = value === undefined || typeof value === "symbol" || value instanceof Error;
    const headers = isError || (response?.status ?? 0) >= 400 ? res.errHeaders : res.headers;
    // h3 copies a response only if there are headers to be added.
    if (response && headers.keys().next().done) return around.settle(response);
    // What h3 cannot make JSON of is its own error, which would take the cookie away.
    if (around.hasCookie && isData(value)) JSON.stringify(value);
    around.addTo(headers, headersOf(value));
    if (isError) around.addTo(res.headers);
  }
  return watched(value, around);
}

const wrapped = new WeakSet<object>();

/** A Response that `onError` answers gets no headers from h3, so it gets what it must carry here. */
function carryOnError({ app }: H3Event): void {
  const onError = app?.config.onError;
  if (app === undefined || onError === undefined || wrapped.has(onError)) return;
  const carrying: typeof onError = async (error, event) => {
    const answered = await onError(error, event);
    return answered instanceof Response ? aroundOf(event)?.settle(answered) : answered;
  };
  wrapped.add(carrying);
  (app as { config: H3Config }).config = Object.freeze({ ...app.config, onError: carrying });
}
