import type { Context, MiddlewareHandler, Next } from "hono";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { SessionError, StateError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { OF_ONE_ANSWER } from "./_error-head.ts";
import { resolveUse, type UseOptions } from "./_use.ts";
import { addHeaders, isError, plainBodyOf, settleResponse } from "./_web-response.ts";
import { WebVisit } from "./_web-visit.ts";
import { WebVisits } from "./_web-visits.ts";

/** The variables of a Hono application: `new Hono<{ Variables: SessionVariables<MyData> }>()`. */
export type SessionVariables<T extends object = SessionData, As extends string = "session"> = {
  [K in As]: Session<T>;
};

export interface HonoSessionsOptions<As extends string = "session"> extends UseOptions<Context> {
  as?: As;
  /** Told of a save that fails after the first byte, when no error handler can answer. Default: `console.error`. */
  onError?: (error: unknown, c: Context) => void;
}

/**
 * Middleware of Hono 4: `c.get("session")` and `c.var.session` are the session; `c.set("session", data)` replaces its
 * data, and `{}` ends it. It is saved before the response is handed on; what changes while a body streams is saved at
 * its end, or when the client leaves, and if that fails, the body breaks off.
 *
 * A session that cannot be read, and a save that fails, are thrown, so `app.onError` answers, with what the response had
 * taken out; by default the answer is the error's status (503 if the back-end is down). A handler that throws saves
 * nothing; what it saved itself with `commit` stays, and its cookie goes with the error answer.
 *
 * A response varies on Cookie if somebody has asked for the session. Mounted again, it changes nothing.
 * Throws ConfigError for a bad option; a request for which two different sessions have one name or one cookie does too.
 */
export function honoSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: HonoSessionsOptions<As> = {},
): MiddlewareHandler<{ Variables: SessionVariables<T, As> }> {
  const { onError = (error: unknown) => console.error(error) } = options;
  const { as, wants } = resolveUse<Context>(options, (c) => c.req.path);
  const untyped = sessions as unknown as Sessions<SessionData>;

  return (c, next) => {
    const context = c as unknown as Visited;
    const outer = context[VISITS];
    if (outer?.has(untyped, as)) return next();
    const visit = new WebVisit(untyped, as, c.req.raw);
    const visits = outer ?? new WebVisits();
    visits.all.push(visit);
    if (outer === undefined) {
      context[VISITS] = visits;
      expose(context, visits);
    }
    const go = (): Promise<void> => (outer === undefined ? settle(context, next, visits, onError) : next());
    try {
      const loading = visit.load(wants(context));
      return loading === undefined ? go() : loading.then(go, (error: unknown) => refuse(error, visits));
    } catch (error) {
      return refuse(error, visits);
    }
  };
}

const VISITS: unique symbol = Symbol("micropie.visits");

type Visited = Context & { [VISITS]?: WebVisits };

/** Puts the sessions where Hono has its variables, noticing when somebody looks. */
function expose(c: Context, visits: WebVisits): void {
  const { get, set } = c as unknown as Variables;
  const variables = c as unknown as Variables;
  variables.get = (key) => {
    const visit = visits.find(key);
    return visit === undefined ? get(key) : visit.look();
  };
  variables.set = (key, value) => {
    const visit = visits.find(key);
    if (visit === undefined) set(key, value);
    else visit.replace((value ?? {}) as object);
  };
  Object.defineProperty(c, "var", VAR);
}

interface Variables {
  get: (key: string) => unknown;
  set: (key: string, value: unknown) => void;
}

/** One for all requests: a getter of its own for each would cost more than all the rest. */
const VAR: PropertyDescriptor & ThisType<Visited> = {
  configurable: true,
  get() {
    const found = Reflect.get(Object.getPrototypeOf(this), "var", this);
    for (const visit of this[VISITS]!.all) {
      Object.defineProperty(found, visit.as, {
        configurable: true,
        enumerable: true,
        get: () => visit.look(),
        set: (data: object) => visit.replace(data),
      });
    }
    return found;
  },
};

async function settle(
  c: Context,
  next: Next,
  visits: WebVisits,
  onError: (error: unknown, c: Context) => void,
): Promise<void> {
  try {
    await next();
  } catch (error) {
    // An error handler that fails itself, or what is no Error: somebody further out answers.
    visits.discard();
    addOwed(c, visits);
    throw error;
  }
  if (c.error !== undefined || !c.finalized || isError(c.res)) {
    visits.discard();
    addOwed(c, visits);
    return;
  }
  try {
    const saving = visits.commit();
    if (saving !== undefined) await saving;
  } catch (error) {
    throwAway(c, error, visits);
    throw answerable(error);
  }
  if (wentPast(c.res)) {
    if (visits.owesCookie)
      onError(
        new StateError("headers_sent", "A handler has answered past Hono, so the cookie was not sent."),
        c,
      );
    return;
  }
  replace(
    c,
    settleResponse(c.res, visits, (error) => onError(error, c)),
  );
}

/** Whether it only says that Node's response has the answer; @hono/node-server would send a copy of it. */
function wentPast(response: Response): boolean {
  return plainBodyOf(response) === undefined && response.headers.has("x-hono-already-sent");
}

async function refuse(error: unknown, visits: WebVisits): Promise<never> {
  visits.discard();
  throw answerable(error);
}

/** Hono's own error handler answers what the error says, if it has this method, and 500 if not. */
function answerable(error: unknown): unknown {
  if (!(error instanceof SessionError) || "getResponse" in error) return error;
  const { status, text } = answerTo(error);
  const getResponse = (): Response =>
    new Response(text, { status, headers: { "Cache-Control": "no-store" } });
  return Object.defineProperty(error, "getResponse", { value: getResponse, configurable: true });
}

/** What an error answer carries all the same. */
function addOwed(c: Context, visits: WebVisits): void {
  // Hono itself answers for a handler that gave no response, with the headers that are already there.
  if (c.finalized) replace(c, addHeaders(c.res, visits));
  else visits.addHeaders(c.res.headers);
}

/** Leaves of the response what other middleware has set for any answer; Hono adds it to the error's. */
function throwAway(c: Context, error: unknown, visits: WebVisits): void {
  visits.discard();
  const { res } = c;
  if (plainBodyOf(res) === undefined) void res.body?.cancel(error).catch(() => {});
  const headers = new Headers(res.headers);
  for (const name of [...headers.keys()]) if (OF_ONE_ANSWER.test(name)) headers.delete(name);
  headers.set("Cache-Control", "no-store");
  visits.addHeaders(headers);
  replace(c, new Response(null, { headers }));
  c.status(answerTo(error).status as Parameters<Context["status"]>[0]);
}

/** Without this, Hono copies the old headers into the new response. */
function replace(c: Context, response: Response): void {
  if (response === c.res) return;
  c.res = undefined;
  c.res = response;
}
