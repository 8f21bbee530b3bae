import type { AnyElysia, Elysia } from "elysia";
import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { type MountOptions, mountOf, pathIn } from "../visit/mount.ts";
import { around, enter, type Fetch, save } from "./_elysia-passage.ts";

/** `as`, `exclusive`, `skip` and `onError`. */
export type ElysiaSessionsOptions<As extends string = "session"> = MountOptions<Request> & { as?: As };

/** What `use` takes, and what its routes then have. */
export type ElysiaSessions<T extends object = SessionData, As extends string = "session"> = (
  app: AnyElysia,
) => Elysia<
  "",
  Elysia["~Singleton"],
  Elysia["~Definitions"],
  Elysia["~Metadata"],
  Elysia["~Routes"],
  Elysia["~Ephemeral"],
  Omit<Elysia["~Volatile"], "derive"> & { derive: { [K in As]: Session<T> } }
>;

/**
 * A plugin of Elysia 1.4: `({ session }) => …` in every handler and hook that comes after it, in the instance that
 * uses it and below; `as("scoped")` and `as("global")` carry it further, as they carry any hook. Assigning to
 * `context.session` replaces the data, and `{}` ends it. Used again, it changes nothing.
 *
 * The session is saved when the response is made; what changes while a body streams is saved at its end, or when the
 * client leaves, and if that fails, the body breaks off. A session that cannot be read, and a save that fails, go to
 * `onError` of Elysia; if nobody answers there, the answer is the error's status (503 if the back-end is down). A
 * handler that throws saves nothing; what it saved itself with `commit` stays, and its cookie goes with the error
 * answer.
 *
 * A response varies on Cookie if the handler looked at the session. Needs Elysia's `aot`, which is on by default.
 * Throws ConfigError for a bad option; a request for which two different sessions have one name or one cookie does
 * too.
 */
export function elysiaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: ElysiaSessionsOptions<As> = {},
): ElysiaSessions<T, As> {
  const mount = mountOf<Request>(sessions, options, ({ url }) => pathIn(url));
  return ((app: AnyElysia) =>
    app
      .wrap((fetch: Fetch, request: Request) => around(fetch, request, mount))
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
