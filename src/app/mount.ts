import { decodedPath } from "../visit/path.ts";
import { toResponse } from "./answer.ts";
import type { App } from "./app.ts";
import { currentExchange } from "./exchange.ts";
import { HttpMiddleware } from "./middleware.ts";
import type { AppRequest } from "./request.ts";
import { answerInside, type Room } from "./respond.ts";
import { roomOf } from "./rooms.ts";

/**
 * Returns a middleware that passes every request below `prefix` to another App:
 * `app.middlewares.push(mount("/shop", shop))`. Both Apps share the request, its body and its session. The routes of the other
 * App see the path after the prefix, and its middlewares run too. Limits, sessions, `exclusive`, and startup and shutdown
 * handlers are those of the App that is served.
 */
export function mount<T extends object>(prefix: string, app: App<T>): HttpMiddleware {
  const room = roomOf(app);
  if (room === undefined) throw new TypeError("mount: the second argument must be an App.");
  const base = decodedPath(`/${prefix.split("/").filter(Boolean).join("/")}`);
  return new Mount(base === "/" ? "" : base, room);
}

class Mount extends HttpMiddleware {
  readonly #base: string;
  readonly #room: () => Room;

  constructor(base: string, room: () => Room) {
    super();
    this.#base = base;
    this.#room = room;
  }

  override async beforeRequest({ path }: AppRequest): Promise<Response | undefined> {
    if (path !== this.#base && !path.startsWith(`${this.#base}/`)) return undefined;
    const exchange = currentExchange()!;
    const room = this.#room();
    const outer = exchange.place;
    exchange.place = { routes: room.routes, path: path.slice(this.#base.length) || "/" };
    const outcome = await answerInside(room, exchange, exchange.place.path);
    exchange.place = outer;
    return toResponse(exchange, outcome);
  }
}
