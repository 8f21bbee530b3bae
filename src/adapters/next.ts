import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { type Mount, mountOf, type UseOptions } from "../visit/mount.ts";
import { isSent } from "../visit/sent.ts";
import { act, type NextHeaders, readSession, watchCookies } from "./_next-action.ts";
import { answer } from "./_next-answer.ts";
import type { NextSessions, NextUse } from "./_next-sessions.ts";

export type { NextCookies, NextHeaders } from "./_next-action.ts";
export type { NextSessions, NextUse } from "./_next-sessions.ts";

/**
 * `cookies` and `headers` from `next/headers`; only the copy of Next in your application knows the current request.
 * `onError` is called with each error that no error handler gets. Default: prints them. `csrf` and `signIn` are for all
 * actions, route handlers and the proxy; a route handler and the proxy can have others.
 */
export type NextSessionsOptions = NextHeaders &
  Pick<UseOptions<Request>, "csrf" | "signIn"> & { onError?: ((error: unknown) => void) | undefined };

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
  refuseUnknown(options, ["cookies", "headers", "onError", "csrf", "signIn"]);
  const { cookies: _, headers: __, ...common } = options;
  const mountFor = (
    use: NextUse = {},
    names = ["exclusive", "idle", "skip", "csrf", "signIn"],
    urlOf = ({ url }: Request) => url,
  ): Mount<Request> => {
    refuseUnknown(use, names);
    return mountOf<Request>(sessions, { ...common, ...use }, urlOf, {
      isAsked: isSent,
    });
  };
  // Checks at once what is given here.
  mountFor();

  return {
    read: () => readSession(sessions, options),
    action(run, use) {
      // Next tells no path of an action.
      const mount = mountFor(use, ["exclusive"], () => "");
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
