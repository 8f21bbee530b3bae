import type { SessionData } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { SessionError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { pathIn, resolveUse, type UseOptions } from "./_use.ts";
import { addHeaders, isError, settleResponse } from "./_web-response.ts";
import { WebVisit } from "./_web-visit.ts";
import { WebVisits } from "./_web-visits.ts";

export interface FetchSessionsOptions extends Omit<UseOptions<Request>, "as"> {
  /** Told of every error that this wrapper answers, or that comes too late to answer. Default: `console.error`. */
  onError?: (error: unknown, request: Request) => void;
}

/**
 * Gives a session to any function from Request to Response, as its second argument; answers such a function. More
 * arguments (an environment, a context) are passed on. The session is saved before the response is handed over; what
 * changes while the body streams is saved at its end, or when the client cancels it.
 *
 * A session that cannot be read, or whose save fails, is answered with an error (503 for a back-end that is down), and
 * the handler's response is thrown away; if that happens at the end of a body, the body breaks off with the error. A
 * handler that throws saves nothing; a SessionError is answered with its status and the cookie of an explicit `commit`,
 * anything else goes on to the caller, and so does what a body fails with.
 *
 * Every response has `Vary: Cookie`: whoever takes a session looks at it. Leave routes that need none outside, or name
 * them in `skip`. For several named sessions put one wrapper into the other; each saves its own.
 * The response may be another object than the handler's, which is never changed where it sets our cookie, so one
 * response may be shared by several requests. A response that upgrades the connection (101) is passed on itself, as is
 * `Response.error()`, which saves nothing.
 */
export function fetchSessions<T extends object, Rest extends unknown[] = []>(
  sessions: Sessions<T>,
  handler: (request: Request, session: Session<T>, ...rest: Rest) => Response | Promise<Response>,
  options: FetchSessionsOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { onError = (error: unknown) => console.error(error) } = options;
  const { wants } = resolveUse<Request>(options, (request) => pathIn(request.url));
  const untyped = sessions as unknown as Sessions<SessionData>;

  return async (request, ...rest) => {
    const tell = (error: unknown) => onError(error, request);
    const visit = new WebVisit(untyped, "session", request);
    const visits = new WebVisits();
    visits.all.push(visit);
    const refuse = (error: unknown): Response => {
      visits.discard();
      if (!(error instanceof SessionError)) throw error;
      tell(error);
      const { status, text } = answerTo(error);
      return addHeaders(new Response(text, { status, headers: { "Cache-Control": "no-store" } }), visits);
    };

    // Whatever is answered depends on it: whoever takes a session looks at it.
    visit.looked = true;
    try {
      const loading = visit.load(wants(request));
      if (loading !== undefined) await loading;
    } catch (error) {
      return refuse(error);
    }

    let response: Response;
    try {
      response = await handler(request, visit.look() as Session<T>, ...rest);
      if (isError(response)) {
        visits.discard();
        return response;
      }
    } catch (error) {
      // Who answers for anything else is not known here, so a cookie that is owed cannot go with that answer.
      return refuse(error);
    }

    try {
      const saving = visits.commit();
      if (saving !== undefined) await saving;
    } catch (error) {
      void response.body?.cancel(error).catch(() => {});
      return refuse(error);
    }
    return settleResponse(response, visits, tell);
  };
}
