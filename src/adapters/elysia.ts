import type { AnyElysia, Elysia } from "elysia";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { around, type Context, enter, save } from "./_elysia-request.ts";
import { pathIn, resolveUse, type UseOptions } from "./_use.ts";

export interface ElysiaSessionsOptions<As extends string = "session"> extends UseOptions<Request> {
  as?: As;
  /** Told of a save that fails when no error handler can answer any more. Default: `console.error`. */
  onError?: (error: unknown, request: Request) => void;
}

type None = Record<never, never>;
interface NoneAtAll {
  derive: None;
  resolve: None;
  schema: None;
  standaloneSchema: None;
  response: None;
}

/** What `use` takes, and what its routes then have. */
export type ElysiaSessions<T extends object = SessionData, As extends string = "session"> = (
  app: AnyElysia,
) => Elysia<
  "",
  { decorator: None; store: None; derive: None; resolve: None },
  { typebox: None; error: None },
  { schema: None; standaloneSchema: None; macro: None; macroFn: None; parser: None; response: None },
  None,
  NoneAtAll,
  Omit<NoneAtAll, "derive"> & { derive: { [K in As]: Session<T> } }
>;

/**
 * A plugin of Elysia 1.4: `({ session }) => …` in every handler and hook that comes after it, in the instance that uses
 * it and below; `as("scoped")` and `as("global")` carry it further, as they carry any hook. Assigning to
 * `context.session` replaces the data, and `{}` ends it. Used again, it changes nothing.
 *
 * The session is saved when the response is made; what changes while a body streams is saved at its end, or when the
 * client leaves, and if that fails, the body breaks off. A session that cannot be read, and a save that fails, go to
 * `onError` of Elysia; if nobody answers there, the answer is the error's status (503 if the back-end is down). A handler
 * that throws saves nothing; what it saved itself with `commit` stays, and its cookie goes with the error answer.
 *
 * A response varies on Cookie if somebody has asked for the session. Needs Elysia's `aot`, which is on by default.
 * Throws ConfigError for a bad option; a request for which two different sessions have one name or one cookie does too.
 */
export function elysiaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: ElysiaSessionsOptions<As> = {},
): ElysiaSessions<T, As> {
  const { onError = (error: unknown) => console.error(error) } = options;
  const { as, wants } = resolveUse<Request>(options, (request) => pathIn(request.url));
  const mount = { sessions: sessions as unknown as Sessions<SessionData>, as, wants, onError };

  return ((app: Hooked) =>
    app
      .wrap(around)
      .derive(async (context) => {
        // Elysia reads the text of this function, and for one that passes its context on as an argument it would read the
        // body, the query and the cookies of every request.
        const entering = { mount, context };
        return enter(entering);
      })
      .mapResponse(async ({ request, responseValue }) =>
        save(request, responseValue),
      )) as unknown as ElysiaSessions<T, As>;
}

/** Of Elysia, what is needed here; its own types cannot be written down for any instance. */
interface Hooked {
  wrap(fn: typeof around): this;
  derive(fn: (context: Context) => Promise<object>): this;
  mapResponse(fn: (context: { request: Request; responseValue: unknown }) => Promise<undefined>): this;
}
