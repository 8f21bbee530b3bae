import type { SessionData } from "../backends/backend.ts";
import { faultOf, type HeaderReader, mayConnect } from "../core/handshake.ts";
import type { Sessions } from "../core/sessions.ts";
import { printError } from "../visit/printed.ts";
import { type Answer, answerOf, type Outcome, TEXT, toResponse } from "./answer.ts";
import { ConnectionClosed } from "./connection-closed.ts";
import { type Exchange, within } from "./exchange.ts";
import { answerToFailure } from "./failure.ts";
import { clientLeft, errorText } from "./http-error.ts";
import { answerFrom } from "./middleware.ts";
import { type AppRequest, viewOf } from "./request.ts";
import type { Room } from "./respond.ts";
import { type Stop, wayTo } from "./rooms.ts";
import { matchRoute, refuseLongPath } from "./routes.ts";
import { seal } from "./seal.ts";
import { AppSocket } from "./socket.ts";
import { type Accepted, Handshake } from "./socket-handshake.ts";
import type { ResolvedSocketOptions } from "./socket-limits.ts";
import type { Line } from "./socket-line.ts";
import { abandon } from "./stream.ts";

/** What an App's WebSockets have in common. */
export interface SocketSetup extends ResolvedSocketOptions {
  readonly room: Room;
  readonly sessions: Sessions<SessionData>;
}

/** The WebSockets of an App that is served. */
export class SocketRoom {
  readonly #setup: SocketSetup;
  readonly #lines = new Set<Line>();
  readonly #running = new Set<Promise<void>>();
  #waiting = 0;
  #isClosing = false;

  constructor(setup: SocketSetup) {
    this.#setup = setup;
  }

  get limits(): ResolvedSocketOptions["limits"] {
    return this.#setup.limits;
  }

  /**
   * Answers a handshake. Never throws: errors become responses. After an answer that is no Response, the host opens the socket and
   * calls the methods of its line. `line` may be given up before by its `gone`.
   */
  connect(exchange: Exchange, line: Line): Promise<Response | Accepted> {
    const { promise, resolve } = Promise.withResolvers<Response | Accepted>();
    const handshake = new Handshake(exchange, line, this.#setup.sessions, (accepted) => {
      this.#lines.add(line);
      line.signal.addEventListener("abort", () => this.#lines.delete(line), { once: true });
      this.#waiting -= 1;
      resolve(accepted);
    });
    this.#waiting += 1;
    const running = within(exchange, () => this.#run(handshake)).then((outcome) => {
      this.#running.delete(running);
      if (handshake.isAccepted) return;
      this.#waiting -= 1;
      resolve(toResponse(exchange, outcome!));
    });
    this.#running.add(running);
    return promise;
  }

  /** Closes every socket with 1001, refuses new ones, and resolves when the handlers have returned. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const line of this.#lines) line.close(1001, "The server closes");
    await Promise.all(this.#running);
  }

  /** Returns the answer, unless the handshake was accepted. */
  async #run(handshake: Handshake): Promise<Outcome | undefined> {
    const { exchange, line } = handshake;
    try {
      const refusal = this.#refusal(exchange);
      if (refusal !== undefined) return seal(exchange, refusal);
      return await this.#serve(handshake);
    } catch (error) {
      const hasLeft = error instanceof ConnectionClosed && line.end !== undefined;
      if (!handshake.isAccepted) {
        abandon(exchange);
        return seal(exchange, answerToFailure(hasLeft ? clientLeft() : error));
      }
      if (!hasLeft) printError(error);
      line.close(1011, "Internal error");
    } finally {
      await after(handshake);
    }
    return undefined;
  }

  #refusal(exchange: Exchange): Answer | undefined {
    const { raw, method } = exchange;
    const { origins, limits } = this.#setup;
    const header: HeaderReader = (name) => raw.headers.get(name) ?? undefined;
    const fault = faultOf(method, header);
    if (fault !== undefined) return refused(fault.status, fault.message, Object.entries(fault.headers));
    if (this.#isClosing) return refused(503, "The server closes");
    if (this.#waiting > limits.handshakes) return refused(503, "Too many handshakes", [["retry-after", "5"]]);
    if (!mayConnect(origins, header)) return refused(403, "Another site may not open this");
    return undefined;
  }

  async #serve(handshake: Handshake): Promise<Outcome | undefined> {
    const { exchange, line } = handshake;
    refuseLongPath(exchange.path);
    const way = wayTo(this.#setup.room, exchange.path);
    const { room, path } = way.at(-1)!;
    enter(exchange, way[0]!);
    exchange.trust = this.#setup.room.trust;
    if (way.every(({ room: { socketMiddlewares } }) => socketMiddlewares.length === 0))
      matchRoute(room.socketRoutes, path);
    await exchange.visit.load(exchange.incoming ?? exchange.raw);
    for (const stop of way) {
      const early = await before(exchange, stop);
      if (early !== undefined) return await handshake.answer(await answerOf(exchange, early));
    }
    const { route, values } = matchRoute(room.socketRoutes, path);
    handshake.way = way;
    const socket = new AppSocket<SessionData>(handshake);
    const handler = route.handler as unknown as (...given: unknown[]) => unknown;
    const value = await handler.call(room.app, socket, ...values);
    if (handshake.isAccepted) {
      line.close(1000, "");
      return undefined;
    }
    if (handshake.refusal !== undefined) return await handshake.answer(refused(403, handshake.refusal));
    // A handler that neither accepts nor answers has refused.
    return await handshake.answer(value === undefined ? refused(403, "") : await answerOf(exchange, value));
  }
}

/** From now on the request is seen as this App sees it. */
function enter(exchange: Exchange, { room, path }: Stop): void {
  exchange.place = { routes: room.socketRoutes, path };
}

async function before(exchange: Exchange, stop: Stop): Promise<unknown> {
  enter(exchange, stop);
  for (const middleware of stop.room.socketMiddlewares) {
    const value = answerFrom(await middleware.beforeWebSocket?.(viewOf(exchange) as AppRequest));
    if (value === undefined || value === null) continue;
    return isClose(value) ? toResponse(exchange, refused(403, value.reason ?? "")) : value;
  }
  return undefined;
}

/** Runs the middlewares of the App that answered first, as those of HTTP requests. */
async function after({ exchange, line, isAccepted, way }: Handshake): Promise<void> {
  for (const stop of way.toReversed()) {
    enter(exchange, stop);
    for (const middleware of stop.room.socketMiddlewares) {
      try {
        await middleware.afterWebSocket?.(viewOf(exchange) as AppRequest, isAccepted ? line.end : undefined);
      } catch (error) {
        printError(error);
      }
    }
  }
}

/** What a middleware of MicroPie returns to refuse a socket. */
function isClose(value: unknown): value is { code: number; reason?: string } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "code");
}

function refused(
  status: number,
  message: string,
  headers: readonly (readonly [string, string])[] = [],
): Answer {
  const pairs = [...TEXT, ...headers.map(([name, value]): [string, string] => [name, value])];
  return { status, headers: pairs, body: errorText(status, message) };
}
