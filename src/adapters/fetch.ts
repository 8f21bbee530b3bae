import type { Awaitable } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { Around, visitAround } from "../visit/around.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import type { Visit } from "../visit/visit.ts";

/** `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`. */
export type FetchSessionsOptions = Omit<MountOptions<Request>, "as">;

/**
 * Returns a function that passes the session to a handler as its second argument. Further arguments (an environment,
 * a context) are passed on. The session is saved before the response is returned. Changes that are made while the
 * body streams are saved at its end, or when the client cancels it.
 *
 * If the session cannot be read or saved, the response is an error (503 if the back-end is down), and the response of
 * the handler is dropped. If the save at the end of a body fails, the body fails with the error. A handler that
 * throws saves nothing. A SessionError becomes a response with its status, and with the cookie of an explicit
 * `save`; other errors are thrown to the caller.
 *
 * Every response has `Vary: Cookie`. For routes without a session, do not call this function, or list them in `skip`.
 * For several sessions, nest the functions; nesting the same sessions again has no effect. The returned response can be another object than the handler's: a
 * response that is shared with other requests never gets a cookie. A response that upgrades the connection (101) is
 * returned itself. `Response.error()` is returned itself too, and saves nothing.
 */
export function fetchSessions<T extends object, Rest extends unknown[] = []>(
  sessions: Sessions<T>,
  handler: (request: Request, session: Session<T>, ...rest: Rest) => Response | Promise<Response>,
  options: FetchSessionsOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  // The handler gets the session as an argument, so every response depends on it.
  const names = ["exclusive", "idle", "skip", "onError"];
  const mount = { ...mountOf<Request>(sessions, options, ({ url }) => url, { names }), varies: true };
  return async (request, ...rest) => {
    const handle = ({ session }: Visit): Awaitable<Response> =>
      handler(request, session as Session<T>, ...rest);
    const outer = visitAround(request, sessions);
    return outer === undefined ? new Around(mount, request).run(request, handle) : handle(outer);
  };
}
