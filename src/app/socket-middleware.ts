import type { AppRequest } from "./request.ts";

/** How a WebSocket ended: the code and reason of its close frame. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** What can be put into `app.wsMiddlewares`: an object with either method or both. */
export interface SocketMiddleware {
  beforeWebSocket?(request: AppRequest): unknown;
  afterWebSocket?(request: AppRequest, end: SocketEnd | undefined): unknown;
}

/**
 * Runs code before and after the handler of every WebSocket. Extend it, and push an instance to `app.wsMiddlewares`. They run in the
 * order of that list, before and after.
 *
 * @example
 * class Members extends WebSocketMiddleware {
 *   override beforeWebSocket(request: AppRequest) {
 *     return info(request.session).userId === undefined ? reply(401, "Sign in") : undefined;
 *   }
 * }
 * app.wsMiddlewares.push(new Members());
 */
export class WebSocketMiddleware implements SocketMiddleware {
  /**
   * Called before the handler, with the session loaded. If it returns a response (see `reply`), that is the answer to the handshake,
   * and no handler runs. MicroPie's `{ code, reason }` is answered with 403 and the reason. The session is saved as usual.
   */
  beforeWebSocket(_request: AppRequest): unknown {
    return undefined;
  }

  /**
   * Called after the handler, also if it failed. `end` says how the socket was closed; undefined if it was never accepted. Not called
   * if `beforeWebSocket` of any of them has refused. What it throws is printed.
   */
  afterWebSocket(_request: AppRequest, _end: SocketEnd | undefined): unknown {
    return undefined;
  }
}
