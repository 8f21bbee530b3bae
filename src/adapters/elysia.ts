import type { AnyElysia, Elysia } from "elysia";
import type { Registered, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { around, enter, type Fetch, save } from "./_elysia-passage.ts";

/** `as`, `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. */
export type ElysiaSessionsOptions<As extends string = "session"> = MountOptions<Request, As>;

/** What `use` takes, and the context that its routes then have. */
export type ElysiaSessions<T extends object = Registered, As extends string = "session"> = (
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
 * Returns a plugin for Elysia 1.4. Handlers and hooks that are added after it, in the same instance and below, get
 * the session: `({ session }) => …`. `as("scoped")` and `as("global")` extend this as for any hook. Assigning to
 * `context.session` replaces the data; `{}` and null end the session. Using the same sessions again has no effect.
 *
 * The session is saved when the response is made. Changes that are made while the body streams are saved at its end,
 * or when the client leaves; if that fails, the body fails. Errors of load and save go to `onError`; the default
 * answer has the status of the error (503 if the back-end is down). A handler that throws saves nothing. What it
 * committed itself stays, and its cookie is sent with the error answer.
 *
 * The response has `Vary: Cookie` if the handler looked at the session. Needs the option `aot` of Elysia, which is on
 * by default. Throws ConfigError for an invalid option. A request fails with ConfigError if different sessions have
 * the same name or cookie.
 */
export function elysiaSessions<T extends object, As extends string = "session">(
  sessions: Sessions<T>,
  options: ElysiaSessionsOptions<As> = {},
): ElysiaSessions<T, As> {
  const servers: AnyElysia[] = [];
  const mount = mountOf<Request>(sessions, options, ({ url }) => url, {
    addressOf: (request) => servers[0]?.server?.requestIP?.(request)?.address,
  });
  return ((app: AnyElysia) => {
    servers[0] ??= app;
    return app
      .wrap((fetch: Fetch, request: Request) => around(fetch, request, mount))
      .derive(async (context) => {
        // Elysia analyzes the text of this function. If the context were an argument of a call, Elysia would parse the
        // body, the query and the cookies of every request.
        const entering = { mount, context };
        return enter(entering);
      })
      .mapResponse(async ({ request, responseValue }) => save(request, responseValue));
  }) as unknown as ElysiaSessions<T, As>;
}
