import type { Awaitable, SessionData } from "../backends/backend.ts";
import { chain } from "../core/engine.ts";
import type { Sessions } from "../core/sessions.ts";
import { type Mount, mountOf } from "../visit/mount.ts";
import { type Outcome, toResponse } from "./answer.ts";
import { currentExchange, type Exchange, fromRequest } from "./exchange.ts";
import { answerToFailure } from "./failure.ts";
import type { Middleware } from "./middleware.ts";
import { registerRoom } from "./mount.ts";
import { type AppOptions, exclusiveTest, type ResolvedAppOptions, resolveAppOptions } from "./options.ts";
import { type AppRequest, viewOf } from "./request.ts";
import { type Room, respond } from "./respond.ts";
import { routesOf } from "./routes.ts";
import { listen, type RunningApp, type ServeOptions } from "./serve.ts";

/** Runs at the start or the end of an App. */
export type LifespanHandler = () => Awaitable<unknown>;

/**
 * A web application: extend it, and every method is a route.
 *
 * `/` is `index`, `/greet/Ann` is `greet("Ann")`; what the methods return is the answer, and `this.request` the
 * request. Names that start with `_`, `#` or `ws_` are no routes, nor are names that App or every object has. A method
 * that is `private` in TypeScript only is public here: use `#` or `_`.
 *
 * Serve it with `npx micropie`, with `serve`, or give `fetch` to any host of web-standard handlers.
 */
export class App<T extends object = SessionData> {
  /** The sessions of this App, to list, revoke and prune them. */
  readonly sessions: Sessions<T>;
  /** Called for every request, in this order. Complete it before the first request. */
  readonly middlewares: Middleware[] = [];
  /** Called in this order before the first request; if one fails, `serve` rejects, and every request is 500. */
  readonly startupHandlers: LifespanHandler[] = [];
  /** Called in this order after the last request: when a server closes, or by `shutdown`. */
  readonly shutdownHandlers: LifespanHandler[] = [];
  readonly #options: ResolvedAppOptions<T>;
  readonly #mount: Mount;
  #room: Room | undefined;
  #started: boolean | Promise<void> = false;
  #stopped: Promise<void> | undefined;

  /** Throws ConfigError naming the option that is wrong. */
  constructor(options: AppOptions<T> = {}) {
    this.#options = resolveAppOptions(options);
    this.sessions = this.#options.sessions;
    this.#mount = mountOf(this.sessions, {}, () => "");
    this.fetch = this.fetch.bind(this);
    registerRoom(this, () => this.#open());
  }

  /** The request that is being answered, in handlers and in all that they call. Throws an Error outside of one. */
  get request(): AppRequest<T> {
    const exchange = currentExchange();
    if (exchange === undefined) {
      throw new Error("There is no request here: this.request is for code that a request's handler calls.");
    }
    return viewOf(exchange) as AppRequest<T>;
  }

  /** Answers a web-standard request; works when passed around. Never throws: an error is an answer. */
  fetch(request: Request): Awaitable<Response> {
    const exchange = fromRequest(this.#mount, request);
    return chain(this.#respond(exchange), (outcome) => toResponse(exchange, outcome));
  }

  /**
   * Listens on `port` (default 8000; 0 takes a free one) and resolves when requests can come.
   * Throws ConfigError for a port that is in use or not allowed, or where nothing can listen (a Worker), and what a
   * startup handler throws.
   */
  async serve(options: ServeOptions = {}): Promise<RunningApp> {
    await this.#start();
    return listen(options, {
      mount: this.#mount,
      respond: (exchange) => this.#respond(exchange),
      shutdown: () => this.shutdown(),
    });
  }

  /**
   * Calls the shutdown handlers, once, and closes the sessions if they were made here. `serve` does it by itself.
   * Each handler is called even if one before it fails; the first failure is thrown at the end.
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
        limits: this.#options.limits,
        isExclusive: exclusiveTest(this.#options.exclusive, routes),
      };
    }
    return this.#room;
  }
}
