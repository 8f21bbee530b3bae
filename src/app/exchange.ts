import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";
import type { Awaitable } from "../backends/backend.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { StateError } from "../errors.ts";
import type { Body } from "./body-content.ts";

/** Everything about one request and its answer. `AppRequest` is what handlers see of it. */
export interface Exchange {
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  /** The query with its `?`, or nothing. */
  readonly search: string;
  /** The raw Cookie header. */
  readonly cookie: string | null | undefined;
  /** The value of the header that stands for a session instead, if there is such a header and the request has it. */
  readonly token: string | undefined;
  readonly raw: Request;
  /** Node's own request, where `serve` listens itself; its body is cheaper to read, and can be left unread. */
  readonly incoming: IncomingMessage | undefined;
  /** What answers are made of: the host's own kind of Response, if it has a cheaper one. */
  readonly Response: typeof Response;
  readonly sessions: Sessions;
  session: Session | undefined;
  /** Whether the application has looked at the session. */
  looked: boolean;
  body: Body | undefined;
  /** The AppRequest made for it; `viewOf` returns it. */
  view: object | undefined;
  /** Whether it is too late for a cookie. */
  headersSent: boolean;
}

const storage = new AsyncLocalStorage<Exchange>();

/** Calls `fn` with this exchange as the current one, for all that it calls and awaits. */
export function within<A extends unknown[], R>(exchange: Exchange, fn: (...values: A) => R, ...values: A): R {
  return storage.run(exchange, fn, ...values);
}

/** The exchange of the request that is being answered, if any. */
export function currentExchange(): Exchange | undefined {
  return storage.getStore();
}

/** The URL of a request; empty if the host that the client names is none, `a:99999` say: srvx throws at that. */
export function urlOf(raw: Request): string {
  try {
    return raw.url;
  } catch {
    return "";
  }
}

/** Where the path of an absolute URL begins. */
function pathStart(url: string): number {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? url.length : start;
}

/** An exchange for a web-standard request. */
export function fromRequest(sessions: Sessions, request: Request): Exchange {
  const { url } = request;
  const hash = url.indexOf("#");
  const target = url.slice(pathStart(url), hash === -1 ? undefined : hash);
  return open(sessions, request, undefined, Response, request.method, target, request.headers.get("cookie"));
}

/** An exchange for a request of our own listener: `target` is the request line's, `/path?query`. */
export function open(
  sessions: Sessions,
  raw: Request,
  incoming: IncomingMessage | undefined,
  ResponseKind: typeof Response,
  method: string,
  target: string,
  cookie: string | null | undefined,
): Exchange {
  const query = target.indexOf("?");
  return {
    method,
    path: query === -1 ? target : target.slice(0, query),
    search: query === -1 ? "" : target.slice(query),
    cookie,
    token: tokenOf(sessions, raw, incoming),
    raw,
    incoming,
    Response: ResponseKind,
    sessions,
    session: undefined,
    looked: false,
    body: undefined,
    view: undefined,
    headersSent: false,
  };
}

function tokenOf(
  sessions: Sessions,
  raw: Request,
  incoming: IncomingMessage | undefined,
): string | undefined {
  const { header } = sessions.options;
  if (header === undefined) return undefined;
  const value = incoming === undefined ? raw.headers.get(header) : incoming.headers[header];
  return value === null || value === undefined ? undefined : String(value);
}

/** Whether the request has anything that may stand for a session. */
export function isAnonymous({ cookie, token }: Exchange): boolean {
  return !cookie && token === undefined;
}

/** The session of an exchange. Without a cookie it is opened here, when somebody looks, which calls no back-end. */
export function sessionOf(exchange: Exchange): Session {
  if (exchange.session === undefined) {
    if (!isAnonymous(exchange))
      throw new StateError("not_live", "The session is not loaded yet. Look at it in a handler.");
    const session = exchange.sessions.load(undefined) as Session;
    // An empty session commits to nothing, at once; from then on it knows that no cookie can be sent.
    if (exchange.headersSent) void exchange.sessions.commit(session);
    exchange.session = session;
  }
  return exchange.session;
}

/** Loads the session that the request's cookie stands for; a request without a cookie has nothing to load. */
export function loadSession(exchange: Exchange, exclusive: boolean): Awaitable<void> {
  if (isAnonymous(exchange)) return;
  const { cookie, token } = exchange;
  const session = exchange.sessions.load(
    cookie,
    exclusive || token !== undefined ? { exclusive, token } : undefined,
  );
  if (!(session instanceof Promise)) {
    exchange.session = session;
    return;
  }
  return session.then((loaded) => {
    exchange.session = loaded;
  });
}
