import { noStore, varyOnCookie, warnIfDropped } from "../core/response-headers.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { SessionError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { guardBody } from "./_body.ts";

export interface FetchSessionsOptions {
  /** Which requests have their session alone among those that ask for it (see `exclusive`). Default: none. */
  exclusive?: boolean | ((request: Request) => boolean);
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
 * handler that throws saves nothing, and what it threw goes on to the caller; so does a body that fails.
 *
 * Every response has `Vary: Cookie`: whoever takes a session looks at it. Leave routes that need none outside.
 * The response may be another object than the handler's, which is never changed where it sets our cookie, so one
 * response may be shared by several requests. A response that upgrades the connection (101) is passed on itself, as is
 * `Response.error()`, which saves nothing.
 */
export function fetchSessions<T extends object, Rest extends unknown[] = []>(
  sessions: Sessions<T>,
  handler: (request: Request, session: Session<T>, ...rest: Rest) => Response | Promise<Response>,
  options: FetchSessionsOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { exclusive = false, onError = (error: unknown) => console.error(error) } = options;

  return async (request, ...rest) => {
    const tell = (error: unknown) => onError(error, request);
    const refuse = (error: unknown, cookie?: string): Response => {
      if (!(error instanceof SessionError)) throw error;
      tell(error);
      const { status, text } = answerTo(error);
      return withSession(new Response(text, { status, headers: { "Cache-Control": "no-store" } }), cookie);
    };

    let session: Session<T>;
    try {
      const alone = typeof exclusive === "function" ? exclusive(request) : exclusive;
      const loaded = sessions.load(request.headers.get("cookie"), alone ? { exclusive: true } : undefined);
      session = loaded instanceof Promise ? await loaded : loaded;
    } catch (error) {
      return refuse(error);
    }

    let response: Response;
    try {
      response = await handler(request, session, ...rest);
      if (response.type === "error") {
        sessions.discard(session);
        return response;
      }
    } catch (error) {
      sessions.discard(session);
      throw error;
    }

    let cookie: string | undefined;
    try {
      const saved = sessions.commit(session);
      cookie = saved instanceof Promise ? await saved : saved;
    } catch (error) {
      void response.body?.cancel(error).catch(() => {});
      return refuse(error, sessions.discard(session));
    }
    if (cookie !== undefined) {
      const url = new URL(request.url);
      warnIfDropped(sessions, {
        secure: url.protocol === "https:",
        host: request.headers.get("host") ?? url.host,
        forwardedProto: request.headers.get("x-forwarded-proto"),
      });
    }
    if (response.body === null || isUpgrade(response)) return withSession(response, cookie);
    const body = guardBody(response.body, {
      end: () => sessions.commit(session),
      fail: () => sessions.discard(session),
      tell,
    });
    return withSession(response, cookie, body);
  };
}

/** With the headers that a response owes that took a session. A response that carries our cookie is always a copy. */
function withSession(
  response: Response,
  cookie: string | undefined,
  body: ReadableStream<Uint8Array> | null = response.body,
): Response {
  if (cookie === undefined && body === response.body) {
    try {
      response.headers.set("Vary", varyOnCookie(response.headers.get("Vary")));
      return response;
    } catch {
      // `Response.redirect` and `fetch` make headers that cannot be changed.
    }
  }
  if (isUpgrade(response)) return upgraded(response, cookie);
  const { status, statusText } = response;
  const copy = new Response(body, { status, statusText, headers: response.headers });
  copy.headers.set("Vary", varyOnCookie(copy.headers.get("Vary")));
  if (cookie !== undefined) addCookie(copy.headers, cookie);
  return copy;
}

/** A WebSocket hangs on this very object. */
function upgraded(response: Response, cookie: string | undefined): Response {
  if (cookie !== undefined) {
    try {
      addCookie(response.headers, cookie);
    } catch {
      // The host made it, and does not let anybody change it.
    }
  }
  return response;
}

function addCookie(headers: Headers, cookie: string): void {
  headers.set("Cache-Control", noStore(headers.get("Cache-Control")));
  headers.append("Set-Cookie", cookie);
}

function isUpgrade(response: Response): boolean {
  return response.status === 101 || Boolean((response as { webSocket?: unknown }).webSocket);
}
