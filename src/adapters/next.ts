import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { type Mount, mountOf, type UseOptions } from "../visit/mount.ts";
import { isSent } from "../visit/sent.ts";
import { act, type NextHeaders, readSession, watchCookies } from "./_next-action.ts";
import { answer, type NextAnswer } from "./_next-answer.ts";

export type { NextCookies, NextHeaders } from "./_next-action.ts";

/**
 * `cookies` and `headers` from `next/headers`; only the copy of Next in your application knows the current request.
 * `onError` is called with each error that no error handler gets. Default: prints them.
 */
export type NextSessionsOptions = NextHeaders & { onError?: ((error: unknown) => void) | undefined };

/** How a route handler, or the proxy, uses its session. */
export type NextUse = Pick<UseOptions<Request>, "exclusive" | "skip">;

/** Sessions for Next.js, by the place where code runs. */
export interface NextSessions<T extends object> {
  /**
   * Returns the session in a server component, to read. Nothing can be stored there, as Next sends the head before
   * components are done: writing throws TypeError, and the verbs throw StateError `read_only`; `info` works. After an
   * action of the same request, it is the session as the action left it. Each call reads the store; use `cache` of
   * React if several components call it. Throws BackendError.
   */
  readonly read: () => Promise<Readonly<Session<T>>>;
  /**
   * Wraps a server action. It gets the session as its first argument. The session is saved when the action is done,
   * also if it ends with `redirect`, `notFound` and the like. Any other error saves nothing, except what the action
   * committed itself. If the save fails, the action throws (BackendError, DataError, StateError), and Next answers
   * 500.
   *
   * Actions of one request that are called at once run one after the other, so that they have one session. An action
   * that an action or route handler calls is a part of it: it has its session, which is saved with it.
   */
  readonly action: <Args extends unknown[], Result>(
    run: (session: Session<T>, ...args: Args) => Result,
    use?: { exclusive?: boolean | undefined },
  ) => (...args: Args) => Promise<Awaited<Result>>;
  /**
   * Wraps a route handler. It gets the session as its second argument, before `{ params }`. The session is saved
   * before the response is returned, also if the handler ends with `redirect`, `notFound` and the like. Changes that
   * are made while the body streams are saved at its end. Any other error saves nothing; a SessionError becomes a
   * response with its status, other errors go to Next. If the session cannot be read or saved, the response is an
   * error (503 if the back-end is down). Where Next calls the handler while it builds (`dynamic = "force-static"`), the
   * session is empty, and writing throws StateError `read_only`, so the build fails.
   */
  readonly route: <Req extends Request, Rest extends unknown[]>(
    handle: (request: Req, session: Session<T>, ...rest: Rest) => Response | Promise<Response>,
    use?: NextUse,
  ) => (request: Req, ...rest: Rest) => Promise<Response>;
  /**
   * Wraps the function of `proxy.ts`. The session is saved before the page is rendered; the page and its route
   * handlers see the changes. Otherwise as `route`. Without a function, it only moves `legacy` sessions.
   */
  readonly proxy: <Req extends Request, Rest extends unknown[]>(
    handle?: (request: Req, session: Session<T>, ...rest: Rest) => NextAnswer,
    use?: NextUse,
  ) => (request: Req, ...rest: Rest) => Promise<Response>;
}

/**
 * Returns sessions for the app router of Next.js. Create them once, in a module that the others import. Use a
 * back-end that several processes can share: Next runs its bundles separately, and they do not share memory. Throws
 * ConfigError if `cookies` or `headers` is missing.
 */
export function nextSessions<T extends object>(
  sessions: Sessions<T>,
  options: NextSessionsOptions,
): NextSessions<T> {
  for (const name of ["cookies", "headers"] as const)
    if (typeof options?.[name] !== "function")
      throw new ConfigError(name, `Pass \`${name}\` from next/headers.`);
  refuseUnknown(options, ["cookies", "headers", "onError"]);
  const { onError } = options;
  const mountFor = (use: NextUse = {}, names = ["exclusive", "skip"]): Mount<Request> => {
    refuseUnknown(use, names);
    return mountOf<Request>(sessions, onError ? { ...use, onError } : use, ({ url }) => url, {
      isAsked: isSent,
    });
  };
  // Checks at once what is given here.
  mountFor();

  return {
    read: () => readSession(sessions, options),
    action(run, use) {
      const mount = mountFor(use, ["exclusive"]);
      if (typeof use?.exclusive === "function") throw new ConfigError("exclusive", "Pass true or false.");
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
