import type { ReadonlySession, Session } from "../core/register.ts";
import type { UseOptions } from "../visit/mount.ts";
import type { NextAnswer } from "./_next-answer.ts";

/** How a route handler, or the proxy, uses its session. */
export type NextUse = Pick<UseOptions<Request>, "exclusive" | "idle" | "skip" | "csrf" | "signIn">;

/** Sessions for Next.js, by the place where code runs. */
export interface NextSessions<T extends object> {
  /**
   * Returns the session in a server component, to read. Nothing can be stored there, as Next sends the head before
   * components are done: writing throws TypeError, and the verbs throw StateError `read_only`; `info` works. After an
   * action of the same request, it is the session as the action left it. Each call reads the store; use `cache` of
   * React if several components call it. Throws BackendError.
   */
  readonly read: () => Promise<ReadonlySession<T>>;
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
