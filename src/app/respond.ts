import type { Awaitable } from "../backends/backend.ts";
import { chain } from "../core/call.ts";
import type { LoadOptions } from "../core/live.ts";
import type { Trust } from "../core/trust-proxy.ts";
import type { Resolved } from "../option-names.ts";
import { fieldsOf } from "../visit/answer.ts";
import { ownAnswer } from "../visit/endpoint.ts";
import { answerOf, type Outcome, toOwnResponse } from "./answer.ts";
import { mayHaveBody, readBody } from "./body.ts";
import { type Exchange, within } from "./exchange.ts";
import { answerToFailure } from "./failure.ts";
import type { BodyLimits } from "./limits.ts";
import { refuseMethod } from "./methods.ts";
import { answerFrom, type Middleware, passesBody } from "./middleware.ts";
import type { RequestTest } from "./options.ts";
import { type AppRequest, viewOf } from "./request.ts";
import { type Match, matchRoute, type RouteTable, refuseLongPath, routeName } from "./routes.ts";
import { seal } from "./seal.ts";
import type { SocketMiddleware } from "./socket-middleware.ts";
import { abandon, drop } from "./stream.ts";

/** What an App's requests have in common. */
export interface Room {
  readonly app: object;
  readonly routes: RouteTable;
  readonly middlewares: readonly Middleware[];
  /** Those of WebSockets. */
  readonly socketRoutes: RouteTable;
  readonly socketMiddlewares: readonly SocketMiddleware[];
  readonly limits: Resolved<BodyLimits>;
  readonly trust: Trust | undefined;
  /** Whether a request has its session to itself; undefined if none has. */
  readonly isExclusive: RequestTest | undefined;
  readonly isIdle: RequestTest | undefined;
  /** Whether a stream goes on after the end of its session. */
  readonly outlives: RequestTest | undefined;
}

/**
 * Answers one request: body, session, middlewares, handler, middlewares, save. Never throws, and never waits where
 * nothing has to be waited for: what is synchronous stays so, to the last byte.
 */
export function respond(room: Room, exchange: Exchange): Awaitable<Outcome> {
  return within(exchange, guarded, room, exchange);
}

function guarded(room: Room, exchange: Exchange): Awaitable<Outcome> {
  try {
    const outcome = run(room, exchange);
    return outcome instanceof Promise ? outcome.catch((error) => fail(exchange, error)) : outcome;
  } catch (error) {
    return fail(exchange, error);
  }
}

function run(room: Room, exchange: Exchange): Awaitable<Outcome> {
  refuseLongPath(exchange.path);
  exchange.place = { routes: room.routes, path: exchange.path };
  exchange.trust = room.trust;
  const { endpoint } = exchange.visit.mount;
  const own = endpoint && ownAnswer(endpoint, exchange.incoming ?? exchange.raw);
  if (own !== undefined)
    return own.then((answer) => finish(exchange, { ...answer, headers: fieldsOf(answer) }));
  // Without a middleware to see it, a path that leads nowhere costs neither its body nor a session.
  const match = room.middlewares.length === 0 ? matchRoute(room.routes, exchange.path) : undefined;
  if (match !== undefined) refuseMethod(match.route.handler, exchange.method);
  exchange.visit.refuseCrossSite();
  if (!mayHaveBody(exchange)) return runWithBody(room, exchange, match);
  const passedOn = passesBody(room.middlewares, exchange.path);
  return chain(readBody(exchange, room.limits, passedOn), (body) => {
    exchange.body = body;
    return runWithBody(room, exchange, match);
  });
}

function runWithBody(room: Room, exchange: Exchange, match: Match | undefined): Awaitable<Outcome> {
  const loading = exchange.visit.load(exchange.incoming ?? exchange.raw, wanted(room, exchange, match));
  return loading === undefined
    ? runWithSession(room, exchange, match)
    : loading.then(() => runWithSession(room, exchange, match));
}

const USUAL: LoadOptions = { adapter: true };
const ALONE: LoadOptions = { ...USUAL, exclusive: true };

/** Returns how the request has its session. */
function wanted(room: Room, exchange: Exchange, match: Match | undefined): LoadOptions | undefined {
  const { isExclusive, isIdle, outlives } = room;
  if (isExclusive === undefined && isIdle === undefined && outlives === undefined) return undefined;
  const name = match === undefined ? routeName(room.routes, exchange.path) : match.route.name;
  const request = viewOf(exchange) as AppRequest;
  exchange.outlives = outlives?.(request, name) ?? false;
  const options = isExclusive?.(request, name) ? ALONE : undefined;
  return isIdle?.(request, name) ? { ...USUAL, ...options, idle: true } : options;
}

function runWithSession(room: Room, exchange: Exchange, match: Match | undefined): Awaitable<Outcome> {
  const outcome =
    match === undefined
      ? answerInside(room, exchange, exchange.path)
      : chain(call(room, match), (value) => answerOf(exchange, value));
  return chain(outcome, (answered) => finish(exchange, answered));
}

/** Middlewares and handler, for a session that somebody else loads and saves. */
export async function answerInside(room: Room, exchange: Exchange, path: string): Promise<Outcome> {
  const request = viewOf(exchange) as AppRequest;
  let value: unknown;
  for (const middleware of room.middlewares) {
    value = answerFrom(await middleware.beforeRequest?.(request));
    if (value !== undefined && value !== null) break;
  }
  if (value === undefined || value === null) {
    const match = matchRoute(room.routes, path);
    refuseMethod(match.route.handler, exchange.method);
    value = await call(room, match);
  }
  let outcome = await answerOf(exchange, value);
  try {
    for (const middleware of room.middlewares) {
      if (middleware.afterRequest === undefined) continue;
      const response = toOwnResponse(exchange, outcome);
      outcome = response;
      const other = answerFrom(await middleware.afterRequest(request, response));
      if (other === undefined || other === null) continue;
      outcome = await answerOf(exchange, other);
      // A new body that streams may have the old one inside.
      if (!(outcome.body instanceof ReadableStream)) drop(response.body);
    }
  } catch (error) {
    refuse(outcome, error);
  }
  return outcome;
}

function call({ app }: Room, { route, values }: Match): Awaitable<unknown> {
  const value: unknown =
    values.length === 0 ? route.handler.call(app) : route.handler.apply(app, [...values]);
  if (value instanceof Promise || !isThenable(value)) return value;
  return Promise.resolve(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

/** Saves the session; only then the answer may leave. */
function finish(exchange: Exchange, outcome: Outcome): Awaitable<Outcome> {
  const { visit, body } = exchange;
  if (body?.close !== undefined && !(outcome.body instanceof ReadableStream)) body.close();
  try {
    const saving = visit.commit();
    if (!(saving instanceof Promise)) return sealed(exchange, outcome);
    return saving.then(
      () => sealed(exchange, outcome),
      (error) => refuse(outcome, error),
    );
  } catch (error) {
    return refuse(outcome, error);
  }
}

function sealed(exchange: Exchange, outcome: Outcome): Outcome {
  if (!(outcome.body instanceof ReadableStream)) exchange.visit.close();
  return seal(exchange, outcome);
}

/** The answer does not leave, so what would have streamed it ends. */
function refuse({ body }: Outcome, error: unknown): never {
  if (body instanceof ReadableStream) drop(body, error);
  throw error;
}

function fail(exchange: Exchange, error: unknown): Awaitable<Outcome> {
  // What the handler committed itself stays, and so does the cookie that this needs.
  abandon(exchange);
  return seal(exchange, answerToFailure(error));
}
