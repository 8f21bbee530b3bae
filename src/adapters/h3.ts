import type { H3Event, Middleware } from "h3";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { exposeIn } from "./_expose.ts";
import { addOwed, clearAnswer, keepOwed, watchValue } from "./_h3-answer.ts";
import { pathIn, resolveUse, type UseOptions } from "./_use.ts";
import { isError } from "./_web-response.ts";
import { WebVisit } from "./_web-visit.ts";
import { WebVisits } from "./_web-visits.ts";

export interface H3SessionsOptions extends UseOptions<H3Event> {
  /** Told of a save that fails after the first byte, when no error handler can answer. Default: `console.error`. */
  onError?: (error: unknown, event: H3Event) => void;
}

/**
 * Middleware of h3 v2: `event.context.session` is the session; assigning replaces its data, and `{}` ends it. It is saved
 * before the response is made; what changes while a body streams is saved at its end, or when the client leaves, and if
 * that fails, the body breaks off.
 *
 * A session that cannot be read, and a save that fails, are thrown: h3 answers the error's status (503 if the back-end is
 * down), or `onError` does. A handler that throws, or returns an Error, saves nothing; what it saved itself with `commit`
 * stays, and its cookie goes with the error answer.
 *
 * A response varies on Cookie if somebody has asked for the session. Mounted again, it changes nothing.
 * Throws ConfigError for a bad option; a request for which two different sessions have one name or one cookie does too.
 */
export function h3Sessions<T extends object>(
  sessions: Sessions<T>,
  options: H3SessionsOptions = {},
): Middleware {
  const { onError = (error: unknown) => console.error(error) } = options;
  const { as, wants } = resolveUse<H3Event>(options, (event) => pathIn(event.req.url));
  const untyped = sessions as unknown as Sessions<SessionData>;

  return (event: Visited, next) => {
    const outer = event[VISITS];
    if (outer?.has(untyped, as)) return next();
    const visit = new WebVisit(untyped, as, event.req as unknown as Request);
    const visits = outer ?? new WebVisits();
    visits.all.push(visit);
    exposeIn(event.context, visit);
    if (outer === undefined) {
      event[VISITS] = visits;
      keepOwed(event, (of: Visited) => of[VISITS]);
    }
    const run: Run = { event, visits, next, tell: (error) => onError(error, event) };
    const go = (): unknown => (outer === undefined ? handle(run) : next());
    const refuse = (error: unknown): never => {
      if (outer === undefined) return fail(run, error);
      // The outermost adds what is owed.
      visits.discard();
      throw error;
    };
    let loading: Promise<void> | undefined;
    try {
      loading = visit.load(wants(event));
    } catch (error) {
      return refuse(error);
    }
    return loading === undefined ? go() : loading.then(go, refuse);
  };
}

/**
 * The session that `h3Sessions(sessions)` has given to the request of this event, with its type.
 * Throws ConfigError if it is not mounted before this handler.
 */
export function sessionOf<T extends object>(event: H3Event, sessions: Sessions<T>): Session<T> {
  const untyped = sessions as unknown as Sessions<SessionData>;
  const visit = (event as Visited)[VISITS]?.all.find((each) => each.sessions === untyped);
  if (visit === undefined)
    throw new ConfigError(
      "sessions",
      "This request has no such session. Put app.use(h3Sessions(sessions)) before it.",
    );
  return visit.look() as Session<T>;
}

const VISITS: unique symbol = Symbol("micropie.visits");

type Visited = H3Event & { [VISITS]?: WebVisits };

/** What handles one request. */
interface Run {
  readonly event: H3Event;
  readonly visits: WebVisits;
  readonly next: () => unknown;
  readonly tell: (error: unknown) => void;
}

/** Synchronously, if handler and back-end are. */
function handle(run: Run): unknown {
  let value: unknown;
  try {
    value = run.next();
  } catch (error) {
    return fail(run, error);
  }
  if (!isThenable(value)) return finish(run, value);
  return value.then(
    (later) => finish(run, later),
    (error: unknown) => fail(run, error),
  );
}

function finish(run: Run, value: unknown): unknown {
  const { event, visits, tell } = run;
  if (value instanceof Error || (value instanceof Response && isError(value))) {
    visits.discard();
    if (value instanceof Error) addOwed(event, visits);
    return value;
  }
  const refuse = (error: unknown): never => {
    clearAnswer(event, value, error);
    return fail(run, error);
  };
  const settle = (): unknown => {
    try {
      return watchValue(event, value, visits, tell);
    } catch (error) {
      return refuse(error);
    }
  };
  let saving: Promise<unknown> | undefined;
  try {
    saving = visits.commit();
  } catch (error) {
    return refuse(error);
  }
  return saving === undefined ? settle() : saving.then(settle, refuse);
}

/** Nothing more is saved; what is owed goes with the answer to the error. */
function fail({ event, visits }: Run, error: unknown): never {
  visits.discard();
  addOwed(event, visits);
  throw error;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
