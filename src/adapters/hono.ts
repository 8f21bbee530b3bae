import type { Context, MiddlewareHandler } from "hono";
import type { SessionData } from "../backends/backend.ts";
import type { Registered, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { clearedHeaders } from "../visit/answer.ts";
import { Around, aroundOf, reportPassedBy } from "../visit/around.ts";
import { ownResponse } from "../visit/endpoint.ts";
import { errorAnswer, rethrow } from "../visit/error-parts.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { SHOWN } from "./_hono-shown.ts";

export type { RegisteredVariables } from "./_hono-register.ts";

/** The variables of a Hono application: `new Hono<{ Variables: SessionVariables<MyData> }>()`. */
export type SessionVariables<T extends object = Registered, As extends string = "session"> = {
  [K in As]: Session<T>;
};

/** `as`, `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. */
export type HonoSessionsOptions<As extends string = "session"> = MountOptions<Context, As>;

/**
 * Returns middleware for Hono 4. `c.get("session")` and `c.var.session` return the session: in every `Context` if
 * `Register` says its type, else in the handlers of the same chain of calls. `c.set("session", data)` replaces its
 * data; `{}` and null end it. The session is saved before the response is returned. Changes that are made while the
 * body streams are saved at its end, or when the client leaves; if that fails, the body fails.
 *
 * Errors of load and save are thrown to `app.onError`, which answers; the headers of the response that describe its
 * content are removed. The default answer has the status of the error (503 if the back-end is down). A handler that
 * throws saves nothing. What it committed itself stays, and its cookie is sent with the error answer.
 *
 * The response has `Vary: Cookie` if the handler looked at the session. Mounting the same sessions again has no
 * effect. Throws ConfigError for an invalid option. A request fails with ConfigError if different sessions have the
 * same name or cookie.
 */
export function honoSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: HonoSessionsOptions<As> = {},
): MiddlewareHandler<{ Variables: SessionVariables<T, As> }> {
  const mount = mountOf<Context>(sessions, options, (c) => c.req.raw.url, { addressOf });
  return async (c: Context, next) => {
    const own = mount.endpoint && ownResponse(mount.endpoint, c.req.raw);
    if (own !== undefined) return own;
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
    Object.defineProperties(c, SHOWN);
    let failure: { readonly error: unknown } | undefined;
    const answered = async (): Promise<Response> => {
      await next();
      // Hono has answered an error of the handler, or nothing has answered.
      if (c.error !== undefined || !c.finalized) around.fail();
      return Reflect.get(Object.getPrototypeOf(c), "res", c);
    };
    const response = await around.run(c.req.raw, answered, (error, given) => {
      failure = { error };
      if (given === undefined) return around.settle(c.res);
      c.status(errorAnswer(error).status as Parameters<typeof c.status>[0]);
      // Hono adds these headers to those of the error answer.
      return around.settle(new Response(null, { headers: clearedHeaders(given.headers) }));
    });
    if (!around.isLight && response.headers.has("x-hono-already-sent")) {
      // Node's answer has left, and Hono must find what the handler returned.
      Reflect.deleteProperty(c, "res");
      reportPassedBy(around, "Hono");
    }
    // If nothing has answered, Hono does, with the headers that are set.
    else if (!c.finalized) around.addTo(c.res.headers);
    else {
      c.res = undefined;
      c.res = response;
    }
    if (failure !== undefined) rethrow(failure.error);
  };
}

/** What the servers of Node, Bun and Deno pass to Hono; see `getConnInfo`. */
interface HonoEnv {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  readonly server?: HonoEnv;
  requestIP?(request: Request): { readonly address: string } | null;
  readonly remoteAddr?: { readonly hostname?: string };
}

function addressOf(c: Context): string | undefined {
  const env = Object(c.env) as HonoEnv;
  const server = env.server ?? env;
  const asked = typeof server.requestIP === "function" ? server.requestIP(c.req.raw)?.address : undefined;
  return env.incoming?.socket?.remoteAddress ?? asked ?? env.remoteAddr?.hostname;
}
