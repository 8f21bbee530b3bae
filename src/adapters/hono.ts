import type { Context, MiddlewareHandler } from "hono";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { clearedHeaders, errorAnswer, rethrow } from "../visit/answer.ts";
import { Around, aroundOf, reportPassedBy } from "../visit/around.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { expose } from "../visit/visit.ts";

/** The variables of a Hono application: `new Hono<{ Variables: SessionVariables<MyData> }>()`. */
export type SessionVariables<T extends object = SessionData, As extends string = "session"> = {
  [K in As]: Session<T>;
};

/** `as`, `exclusive`, `skip` and `onError`. */
export type HonoSessionsOptions<As extends string = "session"> = MountOptions<Context> & { as?: As };

/**
 * Middleware of Hono 4: `c.get("session")` and `c.var.session` are the session; `c.set("session", data)` replaces its
 * data, and `{}` ends it. It is saved before the response is handed on; what changes while a body streams is saved at
 * its end, or when the client leaves, and if that fails, the body breaks off.
 *
 * A session that cannot be read, and a save that fails, are thrown, so `app.onError` answers, with what the response
 * had taken out; by default the answer is the error's status (503 if the back-end is down). A handler that throws
 * saves nothing; what it saved itself with `commit` stays, and its cookie goes with the error answer.
 *
 * A response varies on Cookie if the handler looked at the session. Mounted again, it changes nothing. Throws
 * ConfigError for a bad option; a request for which two different sessions have one name or one cookie does too.
 */
export function honoSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: HonoSessionsOptions<As> = {},
): MiddlewareHandler<{ Variables: SessionVariables<T, As> }> {
  const mount = mountOf<Context>(sessions, options, (c) => c.req.path);
  return async (c: Context, next) => {
    const outer = aroundOf(c);
    if (outer !== undefined) return outer.add(mount, c.req.raw)?.begin(c, next) ?? next();
    const around = new Around(mount, c);
    const { get, set } = c as { get(key: string): unknown; set(key: string, value: unknown): void };
    Object.assign(c, {
      get: (key: string) => around.find(key)?.session ?? get(key),
      set(key: string, data: SessionData) {
        const visit = around.find(key);
        if (visit === undefined) set(key, data);
        else visit.session = data;
      },
    });
    Object.defineProperty(c, "var", VAR);
    let failure: { readonly error: unknown } | undefined;
    const answered = async (): Promise<Response> => {
      await next();
      // Hono has answered what a handler threw, or nobody has answered.
      if (c.error !== undefined || !c.finalized) around.fail();
      return c.res;
    };
    const response = await around.run(c.req.raw, answered, (error, given) => {
      failure = { error };
      if (given === undefined) return around.settle(c.res);
      c.status(errorAnswer(error).status as Parameters<typeof c.status>[0]);
      // What other middleware has set for any answer is added to that of the error handler.
      return around.settle(new Response(null, { headers: clearedHeaders(given.headers) }));
    });
    if (!around.isLight && c.res.headers.has("x-hono-already-sent")) reportPassedBy(around, "Hono");
    // Hono itself answers for a handler that gave no response, with the headers that are there.
    else if (!c.finalized) around.addTo(c.res.headers);
    else {
      // Without this, Hono copies the headers of the response that was there.
      c.res = undefined;
      c.res = response;
    }
    if (failure !== undefined) rethrow(failure.error);
  };
}

/** Shared by all requests, as making a getter for each is slow. */
const VAR: PropertyDescriptor & ThisType<Context> = {
  configurable: true,
  get() {
    const variables = Reflect.get(Object.getPrototypeOf(this), "var", this);
    for (const visit of aroundOf(this)!.visits) expose(visit, variables);
    return variables;
  },
};
