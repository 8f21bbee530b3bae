import type { Awaitable } from "../backends/backend.ts";
import { decodedPath } from "../visit/path.ts";
import { toResponse } from "./answer.ts";
import type { App } from "./app.ts";
import { copyOf } from "./copy.ts";
import { currentExchange } from "./exchange.ts";
import { type HttpMiddleware, Passage, passesBody } from "./middleware.ts";
import type { AppRequest } from "./request.ts";
import { answerInside, type Room } from "./respond.ts";
import { registerMount, roomOf } from "./rooms.ts";

/** An application of another framework. */
export interface FetchApp {
  fetch(request: Request): Awaitable<Response>;
}

/**
 * Returns a middleware that passes every request below `prefix` to another application:
 * `app.middlewares.push(mount("/shop", shop))`. It sees the path after the prefix.
 *
 * Two Apps share the request, its body and its session. The middlewares of the other App run too, and its `ws_` methods answer
 * WebSockets. Limits, sessions, `exclusive`, and startup and shutdown handlers are those of the App that is served.
 *
 * Any other object with a `fetch` method gets a Request with the whole body, within the limits of the App. It has no part in
 * the session. Its multipart forms are not read before, so middlewares do not see their fields.
 *
 * @example
 * const app = new MyApp();
 * app.middlewares.push(mount("/api", new MyApp()));
 */
export function mount<T extends object>(prefix: string, app: App<T> | FetchApp): HttpMiddleware {
  const base = decodedPath(`/${prefix.split("/").filter(Boolean).join("/")}`);
  const place = base === "/" ? "" : base;
  const room = roomOf(app);
  if (room !== undefined) return new Mount(place, room);
  if (typeof (app as Partial<FetchApp>).fetch === "function") return new FetchMount(place, app);
  throw new TypeError("mount: the second argument must be an App, or an object with a `fetch` method.");
}

abstract class Prefixed extends Passage {
  readonly base: string;

  constructor(base: string) {
    super();
    this.base = base;
  }

  has(path: string): boolean {
    return path === this.base || path.startsWith(`${this.base}/`);
  }
}

class Mount extends Prefixed {
  readonly room: () => Room;

  constructor(base: string, room: () => Room) {
    super(base);
    this.room = room;
    registerMount(this);
  }

  override readsBody(path: string): boolean {
    return this.has(path) && passesBody(this.room().middlewares, path);
  }

  override async beforeRequest({ path }: AppRequest): Promise<Response | undefined> {
    if (!this.has(path)) return undefined;
    const exchange = currentExchange()!;
    const room = this.room();
    const outer = exchange.place;
    exchange.place = { routes: room.routes, path: path.slice(this.base.length) || "/" };
    const outcome = await answerInside(room, exchange, exchange.place.path);
    exchange.place = outer;
    return toResponse(exchange, outcome);
  }
}

class FetchMount extends Prefixed {
  readonly #app: FetchApp;

  constructor(base: string, app: FetchApp) {
    super(base);
    this.#app = app;
  }

  override readsBody(path: string): boolean {
    return this.has(path);
  }

  override beforeRequest(request: AppRequest): Awaitable<Response> | undefined {
    if (!this.has(request.path)) return undefined;
    const url = new URL(request.url);
    // A decoded path has as many segments as the one that was sent, which the application decodes itself.
    const segments = url.pathname.split("/").slice(this.base.split("/").length);
    url.pathname = `/${segments.join("/")}`;
    return this.#app.fetch(copyOf(currentExchange()!, url));
  }
}
