import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";
import type { Trust } from "../core/trust-proxy.ts";
import type { Mount } from "../visit/mount.ts";
import { Visit } from "../visit/visit.ts";
import type { Body } from "./body-content.ts";
import { type RouteTable, routedPath } from "./routes.ts";

/** Everything about one request and its answer. `AppRequest` is what handlers see of it. */
export interface Exchange {
  readonly method: string;
  /** The path that decides about the route; see `routedPath`. */
  readonly path: string;
  /** Where this path leads, and how much of it; set before anybody asks for the route. */
  place: Place | undefined;
  /** Which proxies are trusted; set at the same time. */
  trust: Trust | undefined;
  /** The query with its `?`, or nothing. */
  readonly search: string;
  readonly raw: Request;
  /** Node's own request, where `serve` listens itself; its body is cheaper to read, and can be left unread. */
  readonly incoming: IncomingMessage | undefined;
  /** What answers are made of: the host's own kind of Response, if it has a cheaper one. */
  readonly Response: typeof Response;
  /** The request's use of its session. */
  readonly visit: Visit;
  body: Body | undefined;
  /** The AppRequest made for it; `viewOf` returns it. */
  view: object | undefined;
  /** Whether it is too late for a cookie. */
  headersSent: boolean;
  /** Whether a stream goes on after the end of its session. */
  outlives: boolean;
}

/** The routes of the App that answers, and the part of the path that they see. */
export interface Place {
  readonly routes: RouteTable;
  readonly path: string;
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
export function fromRequest(mount: Mount, request: Request): Exchange {
  const { url } = request;
  const hash = url.indexOf("#");
  const target = url.slice(pathStart(url), hash === -1 ? undefined : hash);
  return open(mount, request, undefined, Response, request.method, target);
}

/** An exchange for a request of our own listener: `target` is the request line's, `/path?query`. */
export function open(
  mount: Mount,
  raw: Request,
  incoming: IncomingMessage | undefined,
  ResponseKind: typeof Response,
  method: string,
  target: string,
): Exchange {
  const query = target.indexOf("?");
  return {
    method,
    path: routedPath(query === -1 ? target : target.slice(0, query)),
    place: undefined,
    trust: undefined,
    search: query === -1 ? "" : target.slice(query),
    raw,
    incoming,
    Response: ResponseKind,
    visit: new Visit(mount, incoming ?? raw),
    body: undefined,
    view: undefined,
    headersSent: false,
    outlives: false,
  };
}
