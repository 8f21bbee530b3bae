import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { Around } from "../visit/around.ts";
import { type MountOptions, mountOf, pathIn } from "../visit/mount.ts";

/** `exclusive`, `skip` and `onError`. */
export type FetchSessionsOptions = Omit<MountOptions<Request>, "as">;

/**
 * Gives a session to any function from Request to Response, as its second argument, and returns such a function. More
 * arguments (an environment, a context) are passed on. The session is saved before the response is handed over; what
 * changes while the body streams is saved at its end, or when the client cancels it.
 *
 * A session that cannot be read, or whose save fails, is answered with an error (503 for a back-end that is down),
 * and the handler's response is thrown away; if that happens at the end of a body, the body breaks off with the
 * error. A handler that throws saves nothing; a SessionError is answered with its status and the cookie of an
 * explicit `commit`, anything else goes on to the caller, and so does what a body fails with.
 *
 * Every response has `Vary: Cookie`: whoever takes a session looks at it. Leave routes that need none outside, or
 * name them in `skip`. For several named sessions put one wrapper into the other; each saves its own. The response
 * may be another object than the handler's, which is never changed where it sets our cookie, so one response may be
 * shared by several requests. A response that upgrades the connection (101) is passed on itself, as is
 * `Response.error()`, which saves nothing.
 */
export function fetchSessions<T extends object, Rest extends unknown[] = []>(
  sessions: Sessions<T>,
  handler: (request: Request, session: Session<T>, ...rest: Rest) => Response | Promise<Response>,
  options: FetchSessionsOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  // The handler gets the session as an argument, so every response depends on it.
  const mount = { ...mountOf<Request>(sessions, options, ({ url }) => pathIn(url)), varies: true };
  return (request, ...rest) =>
    new Around(mount, request, {}).run(request, ({ session }) =>
      handler(request, session as Session<T>, ...rest),
    );
}
