import type { Awaitable, SessionData } from "../backends/backend.ts";
import { chain } from "../core/call.ts";
import type { Registered } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { type Mount, mountOf } from "../visit/mount.ts";
import { type Outcome, toResponse } from "./answer.ts";
import { currentExchange, type Exchange, fromRequest } from "./exchange.ts";
import { answerToFailure } from "./failure.ts";
import type { Middleware } from "./middleware.ts";
import { type AppOptions, type ResolvedAppOptions, requestTest, resolveAppOptions } from "./options.ts";
import { type AppRequest, viewOf } from "./request.ts";
import { type Room, respond } from "./respond.ts";
import { hasSockets, registerRoom } from "./rooms.ts";
import { routesOf, socketRoutesOf } from "./routes.ts";
import { listen, type RunningApp, type ServeOptions } from "./serve.ts";
import type { SocketMiddleware } from "./socket-middleware.ts";
import type { SocketSetup } from "./socket-room.ts";

/** Called when an App starts or shuts down. */
export type LifespanHandler = () => Awaitable<unknown>;

/**
 * A web application. Extend it; every method is a route.
 *
 * `/` calls `index()`, `/greet/Ann` calls `greet("Ann")`. The return value is the response, and `this.request` is the request.
 * A method whose name starts with `ws_` is the route of a WebSocket: `ws://host/chat/lobby` calls `ws_chat(ws, "lobby")`, `/` calls
 * `ws_index(ws)`; see `AppSocket`. Methods whose names start with `_` or `#` are not routes, nor are names that App or every
 * object has. A method that is only `private` in TypeScript is a route; use `#` or `_`.
 *
 * Serve it with `npx micropie` or `serve`, or pass `fetch` to any host of fetch handlers.
 *
 * @example
 * class Counter extends App<{ visits: number }> {
 *   index() {
 *     const { session } = this.request;
 *     session.visits = (session.visits ?? 0) + 1;
 *     return `You have visited ${session.visits} times.`;
 *   }
 * }
 * await new Counter().serve({ port: 8000 });
 */
export class App<T extends object = Registered> {
  /** The sessions of this App. Use it to list, revoke and prune them. */
  readonly sessions: Sessions<T>;
  /** Called for every request, in this order. Add all before the first request. */
  readonly middlewares: Middleware[] = [];
  /** Called for every WebSocket, in this order. */
  readonly wsMiddlewares: SocketMiddleware[] = [];
  /** Called in this order before the first request. If one fails, `serve` rejects and every request is a 500. */
  readonly startupHandlers: LifespanHandler[] = [];
  /** Called in this order after the last request, when the server closes or by `shutdown`. */
  readonly shutdownHandlers: LifespanHandler[] = [];
  readonly #options: ResolvedAppOptions<T>;
  readonly #mount: Mount;
  #room: Room | undefined;
  #started: boolean | Promise<void> = false;
  #stopped: Promise<void> | undefined;

  /** Throws ConfigError that names an unknown or invalid option. */
  constructor(options: AppOptions<T> = {}) {
    this.#options = resolveAppOptions(options);
    this.sessions = this.#options.sessions;
    const { csrf, signIn, trust } = this.#options;
    const urlOf = ({ url = "" }: { readonly url?: string }): string => url;
    this.#mount = mountOf(this.sessions, { csrf, signIn }, urlOf, { trust });
    this.fetch = this.fetch.bind(this);
    registerRoom(this, () => this.#open());
  }

  /** The current request, in handlers and in everything that they call. Throws outside of a request. */
  get request(): AppRequest<T> {
    const exchange = currentExchange();
    if (exchange === undefined) {
      throw new Error("There is no current request. Use this.request only in code that a handler calls.");
    }
    return viewOf(exchange) as AppRequest<T>;
  }

  /** Returns the response to a request. Never throws; errors become responses. It can be passed on without the App. */
  fetch(request: Request): Awaitable<Response> {
    const exchange = fromRequest(this.#mount, request);
    return chain(this.#respond(exchange), (outcome) => toResponse(exchange, outcome));
  }

  /**
   * Listens on `port` (default 8000; 0 takes a free one). Resolves when the server accepts requests.
   * Throws ConfigError if the port is in use or not permitted, or if the runtime cannot listen (a Worker). Throws what a
   * startup handler throws.
   */
  async serve(options: ServeOptions = {}): Promise<RunningApp> {
    await this.#start();
    return listen(options, {
      mount: this.#mount,
      respond: (exchange) => this.#respond(exchange),
      shutdown: () => this.shutdown(),
      sockets: this.#sockets(),
    });
  }

  /** Returns undefined for an App without WebSockets, and without any below it, whose requests then pay nothing for them. */
  #sockets(): SocketSetup | undefined {
    const room = this.#open();
    if (!hasSockets(room)) return undefined;
    const sessions = this.sessions as unknown as Sessions<SessionData>;
    return { room, sessions, ...this.#options.sockets };
  }

  /**
   * Calls the shutdown handlers once, and closes the sessions if the App made them. A server from `serve` does this when it
   * closes. All handlers are called even if one fails; the first error is thrown at the end.
   */
  shutdown(): Promise<void> {
    this.#stopped ??= this.#runShutdown();
    return this.#stopped;
  }

  #respond(exchange: Exchange): Awaitable<Outcome> {
    if (this.#started === true) return respond(this.#room!, exchange);
    try {
      const starting = this.#start();
      if (!(starting instanceof Promise)) return respond(this.#room!, exchange);
      return starting.then(() => respond(this.#room!, exchange), answerToFailure);
    } catch (error) {
      return answerToFailure(error);
    }
  }

  #start(): Awaitable<void> {
    if (this.#started === true) return;
    if (this.#started !== false) return this.#started;
    this.#open();
    this.#started = this.startupHandlers.length === 0 || this.#runStartup();
    if (this.#started instanceof Promise) return this.#started;
  }

  async #runStartup(): Promise<void> {
    for (const handler of this.startupHandlers) await handler();
    this.#started = true;
  }

  async #runShutdown(): Promise<void> {
    const failures: unknown[] = [];
    const last = this.#options.ownsSessions ? [() => this.sessions.close()] : [];
    for (const handler of [...this.shutdownHandlers, ...last]) {
      try {
        await handler();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #open(): Room {
    if (this.#room === undefined) {
      const routes = routesOf(this, App.prototype);
      this.#room = {
        app: this,
        routes,
        middlewares: this.middlewares,
        socketRoutes: socketRoutesOf(this, App.prototype),
        socketMiddlewares: this.wsMiddlewares,
        limits: this.#options.limits,
        trust: this.#options.trust,
        isExclusive: requestTest("exclusive", this.#options.exclusive, routes),
        isIdle: requestTest("idle", this.#options.idle, routes),
        outlives: requestTest("outlive", this.#options.outlive, routes),
      };
    }
    return this.#room;
  }
}
