import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { type Mount, mountOf, pathIn, type UseOptions } from "../visit/mount.ts";
import { act, type NextHeaders, readSession, watchCookies } from "./_next-action.ts";
import { answer, type NextAnswer } from "./_next-answer.ts";

export type { NextCookies, NextHeaders } from "./_next-action.ts";

/**
 * `cookies` and `headers` of `next/headers`, as only the application's own copy of Next knows its requests. `onError`
 * is called with each error that no error handler sees: one that comes too late, or that is answered here. Default:
 * `console.error`.
 */
export type NextSessionsOptions = NextHeaders & { onError?: (error: unknown) => void };

/** How one route handler, or the proxy, wants its session. */
export type NextUse = Pick<UseOptions<Request>, "exclusive" | "skip">;

/** Sessions for Next.js: each place that Next has for code on the server. */
export interface NextSessions<T extends object> {
  /**
   * The session in a server component, to look at: Next sends the head before components are done, so nothing can be
   * stored there. Writing to it throws TypeError, the verbs StateError `read_only`; `info` works. After an action of
   * the same request it is what the action left. Each call asks the store: wrap it in React's `cache` if several
   * components do. Throws BackendError.
   */
  readonly read: () => Promise<Readonly<Session<T>>>;
  /**
   * A server action with its session as first argument. It is saved when the action is done, also if it ends with
   * `redirect`, `notFound` and the like; any other error saves nothing, but for what the action saved itself with
   * `commit`. If saving fails, the action throws (BackendError, DataError, StateError), and Next answers 500.
   */
  readonly action: <Args extends unknown[], Result>(
    run: (session: Session<T>, ...args: Args) => Result,
    use?: { exclusive?: boolean },
  ) => (...args: Args) => Promise<Awaited<Result>>;
  /**
   * A route handler with its session as second argument, before the `{ params }` of Next. It is saved before the
   * response is handed over, also if the handler ends with `redirect`, `notFound` and the like; what changes while
   * the body streams, at its end. A handler that throws anything else saves nothing. A session that cannot be read or
   * saved is answered with an error (503 if the back-end is down).
   */
  readonly route: <Req extends Request, Rest extends unknown[]>(
    handle: (request: Req, session: Session<T>, ...rest: Rest) => Response | Promise<Response>,
    use?: NextUse,
  ) => (request: Req, ...rest: Rest) => Promise<Response>;
  /**
   * The function of `proxy.ts`, around one of yours. It saves before the page is made; what it does to the session
   * shows in the page and the route handlers behind it. Like `route` otherwise. Without a function it only moves what
   * has to move: `legacy` sessions.
   */
  readonly proxy: <Req extends Request, Rest extends unknown[]>(
    handle?: (request: Req, session: Session<T>, ...rest: Rest) => NextAnswer,
    use?: NextUse,
  ) => (request: Req, ...rest: Rest) => Promise<Response>;
}

/**
 * Sessions for the app router of Next.js (`next/headers` gives `cookies` and `headers`). Make it once, in a module
 * that the application's others import. Next runs its bundles apart from each other: give `createSessions` a back-end
 * that several processes may share, as memory is not shared even within one. Throws ConfigError if one of the two
 * functions is missing.
 */
export function nextSessions<T extends object>(
  sessions: Sessions<T>,
  options: NextSessionsOptions,
): NextSessions<T> {
  for (const name of ["cookies", "headers"] as const)
    if (typeof options?.[name] !== "function")
      throw new ConfigError(name, `Pass \`${name}\` from next/headers.`);
  const mountFor = (use: NextUse = {}): Mount<Request> =>
    mountOf<Request>(sessions, { ...options, ...use }, ({ url }) => pathIn(url));

  return {
    read: () => readSession(sessions, options),
    action(run, { exclusive = false } = {}) {
      if (typeof exclusive !== "boolean") throw new ConfigError("exclusive", "Give true or false.");
      const mount = mountFor({ exclusive });
      return (...args) => act(mount, options, (session) => run(session as Session<T>, ...args));
    },
    route(handle, use) {
      const mount = mountFor(use);
      return (request, ...rest) =>
        answer(mount, request, (session) => handle(request, session() as Session<T>, ...rest));
    },
    proxy(handle, use) {
      const mount = mountFor(use);
      return async (request, ...rest) => {
        const sendAlong = await watchCookies(options);
        return answer(
          mount,
          request,
          (session) => handle?.(request, session() as Session<T>, ...rest),
          sendAlong,
        );
      };
    },
  };
}
