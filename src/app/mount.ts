import { toResponse } from "./answer.ts";
import type { App } from "./app.ts";
import { currentExchange } from "./exchange.ts";
import { HttpMiddleware } from "./middleware.ts";
import type { AppRequest } from "./request.ts";
import { answerInside, type Room } from "./respond.ts";

const rooms = new WeakMap<object, () => Room>();

/** Makes an App one that can be mounted. */
export function registerRoom(app: object, room: () => Room): void {
  rooms.set(app, room);
}

/**
 * A middleware that answers every request below `prefix` with another App: `app.middlewares.push(mount("/shop", shop))`.
 * The request is the same one, its body and session included; the other App's routes see the path after the prefix,
 * and its middlewares run too. Limits, sessions and `exclusive` are those of the App that is served, and only its
 * startup and shutdown handlers run.
 */
export function mount<T extends object>(prefix: string, app: App<T>): HttpMiddleware {
  const room = rooms.get(app);
  if (room === undefined) throw new TypeError("mount: give an App.");
  const base = `/${prefix.split("/").filter(Boolean).join("/")}`;
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
    return toResponse(
      exchange,
      await answerInside(this.#room(), exchange, path.slice(this.#base.length) || "/"),
    );
  }
}
