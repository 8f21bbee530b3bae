import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { abandoned, lineDue } from "../core/told.ts";
import { logout, save } from "../core/verbs.ts";
import { reasonOf, SessionError } from "../errors.ts";
import { type RouterSession, RouterSessionObject, sessionIn } from "../facades/react-router.ts";
import { Around, visitAround } from "../visit/around.ts";
import { ownCookies } from "../visit/cookie-parts.ts";
import { errorAnswer } from "../visit/error-parts.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import { isSent } from "../visit/sent.ts";
import type { Visit } from "../visit/visit.ts";

export type { FlashSessionData, RouterSession } from "../facades/react-router.ts";

/** The part of the arguments of middleware, loaders and actions that is used. */
export interface RouterArgs {
  readonly request: Request;
  readonly url: URL;
  /** The key of the session for `context.get`, with `middleware`. */
  readonly context: { set(key: RouterContext<never>, value: never): void };
}

/** A key for a value of a request, as `createContext` returns it. */
export interface RouterContext<T> {
  defaultValue?: T;
}

/** `csrf`, `exclusive`, `idle`, `onError`, `signIn` and `skip`, for `middleware`. */
export type ReactRouterSessionsOptions = Omit<MountOptions<RouterArgs>, "as">;

/** Sessions for React Router, in two forms: middleware, and a `SessionStorage`. */
export interface ReactRouterSessions<T extends object, FlashData = T> {
  /**
   * For the root route: `export const middleware = [sessions.middleware]`. Loaders and actions get the session with
   * `context.get(sessions.context)`. The session is saved when they are done, before the response is sent. Changes
   * that are made while the body streams are saved at its end. An answer of 500 or more counts as a failed handler
   * and saves nothing, except what the handler committed itself. Errors of load and save go to the error boundary,
   * with the status of the error (503 if the back-end is down).
   */
  readonly middleware: <Args extends RouterArgs>(
    args: Args,
    next: () => Promise<Response>,
  ) => Promise<Response>;
  /** Where loaders and actions find the session behind `middleware`. */
  readonly context: RouterContext<Session<T>>;
  /**
   * Returns the session of a Cookie header; an empty one if the header has none. Each call returns an independent
   * session. Throws an error response with the status of the error if the back-end fails.
   */
  readonly getSession: (cookieHeader?: string | null) => Promise<RouterSession<T, FlashData>>;
  /**
   * Saves the changes, and returns the Set-Cookie header that the response must have. It is empty if the cookie of
   * the browser stays (an empty line has no effect: RFC 6265bis 5.6). Send `Cache-Control: no-store` with a header
   * that is not empty. Later changes need another `commitSession`. Throws an error response with the status of the
   * error if the save fails. Throws TypeError for cookie options, which are options of `createSessions`, and for a
   * session that `getSession` did not return.
   */
  readonly commitSession: (session: RouterSession<T, FlashData>, options?: object) => Promise<string>;
  /** Ends the session, and returns the Set-Cookie header that removes the cookie. Throws as `commitSession` does. */
  readonly destroySession: (session: RouterSession<T, FlashData>, options?: object) => Promise<string>;
  /** Returns the session to pass to `login`, `rotate`, `update`, `info` and the other verbs. */
  readonly sessionOf: (session: RouterSession<T, FlashData>) => Session<T>;
}

/**
 * Returns sessions for React Router; see `ReactRouterSessions`. The options are for `middleware`. Throws ConfigError
 * that names an invalid option.
 */
export function reactRouterSessions<T extends object, FlashData = T>(
  sessions: Sessions<T>,
  options: ReactRouterSessionsOptions = {},
): ReactRouterSessions<T, FlashData> {
  const mount = mountOf<RouterArgs>(sessions, options, ({ url }) => url.pathname, {
    isAsked,
    names: ["exclusive", "idle", "skip", "onError"],
    routed,
  });
  const { name } = sessions.options.cookie;
  const context: RouterContext<Session<T>> = {};

  async function commit(session: RouterSession<T, FlashData>, given: object | undefined): Promise<string> {
    refuseOptions(given);
    const inside = sessionIn(session);
    try {
      await save(inside);
    } catch (error) {
      throw boundaryError(error);
    }
    return lineDue(inside) ?? "";
  }

  return {
    context,
    middleware(args, next) {
      if (visitAround(args.request, sessions) !== undefined) return next();
      const around = new Around(mount, args, args.request);
      const answered = async (visit: Visit): Promise<Response> => {
        args.context.set(context as RouterContext<never>, visit.session as never);
        const response = await next();
        if (response.status >= 500) {
          // React Router waits for no loader or action whose client has left, so it may still run.
          if (args.request.signal.aborted) abandoned(visit.session);
          around.fail();
        }
        return response;
      };
      return around.run(args.request, answered, (error) => {
        throw boundaryError(error);
      });
    },
    async getSession(cookieHeader) {
      try {
        const session = await sessions.load(ownCookies(cookieHeader, name));
        // The session would expire while its user only reads pages: they do not commit.
        await save(session);
        return new RouterSessionObject(session) as unknown as RouterSession<T, FlashData>;
      } catch (error) {
        throw boundaryError(error);
      }
    },
    commitSession: commit,
    async destroySession(session, given) {
      refuseOptions(given);
      logout(sessionIn(session));
      return commit(session, undefined);
    },
    sessionOf: (session) => sessionIn(session) as Session<T>,
  };
}

/** React Router says so if it renders a page in advance. */
function isAsked({ request }: RouterArgs): boolean {
  return isSent(request) && !request.headers.has("x-react-router-prerender");
}

/** Its client router asks for the data of a page at the page's path with `.data`. It gets a redirect in its own form. */
function routed({ request, url }: RouterArgs): string | undefined {
  const isData = new URL(request.url).pathname.endsWith(".data") && !url.pathname.endsWith(".data");
  return isData ? url.pathname + url.search : undefined;
}

function refuseOptions(options: object | undefined): void {
  const [first] = Object.entries(options ?? {}).find(([, value]) => value !== undefined) ?? [];
  if (first === undefined) return;
  throw new TypeError(
    `${first}: cookie attributes are options of createSessions, and lifetimes are options of login.`,
  );
}

/** Returns an error response of React Router. An error boundary shows it with its status. */
function boundaryError(error: unknown): unknown {
  if (!(error instanceof SessionError)) return error;
  const { status, text } = errorAnswer(error);
  return { status, statusText: reasonOf(status), data: text, internal: false, error };
}
