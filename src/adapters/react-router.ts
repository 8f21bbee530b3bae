import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { lineDue } from "../core/told.ts";
import { commit, destroy } from "../core/verbs.ts";
import { SessionError } from "../errors.ts";
import { type RouterSession, RouterSessionObject, sessionIn } from "../facades/react-router.ts";
import { errorAnswer } from "../visit/answer.ts";
import { Around } from "../visit/around.ts";
import { ownCookies } from "../visit/cookie-parts.ts";
import { type MountOptions, mountOf } from "../visit/mount.ts";
import type { Visit } from "../visit/visit.ts";

export type { FlashSessionData, RouterSession } from "../facades/react-router.ts";

/** What is needed of what React Router gives to middleware, loaders and actions. */
export interface RouterArgs {
  readonly request: Request;
  readonly url: URL;
  readonly context: { set(key: RouterContext<never>, value: never): void };
}

/** React Router's key to a value of a request, as `createContext` makes it. */
export interface RouterContext<T> {
  defaultValue?: T;
}

/** `exclusive`, `skip` and `onError`, for `middleware`. */
export type ReactRouterSessionsOptions = Omit<MountOptions<RouterArgs>, "as">;

/** Sessions for React Router, in two forms: middleware, and a `SessionStorage`. */
export interface ReactRouterSessions<T extends object, FlashData = T> {
  /**
   * For the root route: `export const middleware = [sessions.middleware]`. Loaders and actions find the session by
   * `context.get(sessions.context)`. It is saved when they are done, before the response leaves, and what changes
   * while the body streams, at its end. An answer of 500 or more counts as a handler that failed, and saves nothing,
   * unless it called `commit` itself. A session that cannot be read or saved goes to the error boundary, with the
   * error's status (503 if the back-end is down).
   */
  readonly middleware: <Args extends RouterArgs>(
    args: Args,
    next: () => Promise<Response>,
  ) => Promise<Response>;
  /** Where loaders and actions find the session behind `middleware`. */
  readonly context: RouterContext<Session<T>>;
  /**
   * Returns the session of a Cookie header; an empty one if it opens none. Every session is a view of its own, also
   * within one request. Throws an error response with the error's status if the back-end fails.
   */
  readonly getSession: (cookieHeader?: string | null) => Promise<RouterSession<T, FlashData>>;
  /**
   * Saves what changed, and answers the Set-Cookie header that the response must carry: empty if the browser's cookie
   * stays as it is (an empty line changes nothing: RFC 6265bis 5.6). Send `Cache-Control: no-store` with one that is
   * not empty. Saves nothing more than that: what changes later needs another `commitSession`.
   * Throws an error response with the error's status if that fails; TypeError for cookie options, which belong to
   * `createSessions`, and for a session that is not from here.
   */
  readonly commitSession: (session: RouterSession<T, FlashData>, options?: object) => Promise<string>;
  /** Ends the session, and answers the Set-Cookie header that removes the cookie. Throws as `commitSession` does. */
  readonly destroySession: (session: RouterSession<T, FlashData>, options?: object) => Promise<string>;
  /** What `login`, `rotate`, `update`, `info` and the other verbs take, of a session that `getSession` answered. */
  readonly sessionOf: (session: RouterSession<T, FlashData>) => Session<T>;
}

/** See `ReactRouterSessions`. `exclusive` and `skip` are for `middleware`. Throws ConfigError, naming the option. */
export function reactRouterSessions<T extends object, FlashData = T>(
  sessions: Sessions<T>,
  options: ReactRouterSessionsOptions = {},
): ReactRouterSessions<T, FlashData> {
  const mount = mountOf<RouterArgs>(sessions, options, ({ url }) => url.pathname);
  const { name } = sessions.options.cookie;
  const context: RouterContext<Session<T>> = {};

  async function save(session: RouterSession<T, FlashData>, given: object | undefined): Promise<string> {
    refuseOptions(given);
    const inside = sessionIn(session);
    try {
      await commit(inside);
    } catch (error) {
      throw boundaryError(error);
    }
    return lineDue(inside) ?? "";
  }

  return {
    context,
    middleware(args, next) {
      const around = new Around(mount, args, {});
      const answered = async (visit: Visit): Promise<Response> => {
        args.context.set(context as RouterContext<never>, visit.session as never);
        const response = await next();
        if (response.status >= 500) around.fail();
        return response;
      };
      return around.run(args.request, answered, (error) => {
        throw boundaryError(error);
      });
    },
    async getSession(cookieHeader) {
      try {
        const session = await sessions.load(ownCookies(cookieHeader, name));
        // Whoever only reads never commits, and would be forgotten while he does.
        await commit(session);
        return new RouterSessionObject(session) as unknown as RouterSession<T, FlashData>;
      } catch (error) {
        throw boundaryError(error);
      }
    },
    commitSession: save,
    async destroySession(session, given) {
      refuseOptions(given);
      destroy(sessionIn(session));
      return save(session, undefined);
    },
    sessionOf: (session) => sessionIn(session) as Session<T>,
  };
}

function refuseOptions(options: object | undefined): void {
  const [first] = Object.entries(options ?? {}).find(([, value]) => value !== undefined) ?? [];
  if (first === undefined) return;
  throw new TypeError(
    `${first}: what the cookie looks like is an option of createSessions, and how long one session lives, of login and rotate.`,
  );
}

/** Returns what React Router takes for an error response, which an error boundary shows with its status. */
function boundaryError(error: unknown): unknown {
  if (!(error instanceof SessionError)) return error;
  const { status, text } = errorAnswer(error);
  return { status, statusText: text, data: text, internal: false, error };
}
