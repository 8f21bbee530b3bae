import type { AppRequest } from "./request.ts";

/** What can be put into `app.middlewares`: an object with either method or both. */
export interface Middleware {
  beforeRequest?(request: AppRequest): unknown;
  afterRequest?(request: AppRequest, response: Response): unknown;
}

/**
 * Returns what a middleware returned. Throws TypeError for the answer of a MicroPie middleware (`status_code`, `body`), which
 * would be sent as JSON with status 200, also by a guard. What a handler returns is not looked at: an object is JSON there.
 */
export function answerFrom(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "status_code")) return value;
  const status = Number((value as { status_code: unknown }).status_code);
  const example = `return reply(${Number.isInteger(status) ? status : 401}, body)`;
  throw new TypeError(`A middleware returned an object with \`status_code\`. Write: ${example}`);
}

/**
 * Runs code before and after the handler of every request. Extend it, and push an instance to `app.middlewares`. Middlewares run
 * in the order of that list, before and after.
 *
 * @example
 * class SignedIn extends HttpMiddleware {
 *   override beforeRequest(request: AppRequest) {
 *     return info(request.session).userId === undefined ? redirect("/login", 303) : undefined;
 *   }
 * }
 * const app = new MyApp();
 * app.middlewares.push(new SignedIn());
 */
export class HttpMiddleware implements Middleware {
  /**
   * Called before the handler, when the body is read and the session loaded. If it returns anything but undefined or
   * null, that is the response (see `reply` for a status): later middlewares and the handler are not called, and the session is saved as usual. It can
   * be async. To refuse the request and save nothing, throw HttpError.
   */
  beforeRequest(_request: AppRequest): unknown {
    return undefined;
  }

  /**
   * Called after the handler, or after an early response. The session is saved after the last one. It can change the headers of
   * `response` or return another response. It is not called for error responses, including 404.
   */
  afterRequest(_request: AppRequest, _response: Response): unknown {
    return undefined;
  }
}

/** A middleware that passes paths to another application. */
export abstract class Passage extends HttpMiddleware {
  /** Returns true if that application reads the bodies for this path itself, multipart forms too. */
  abstract readsBody(path: string): boolean;
}

/** Returns true if one of the middlewares does. */
export function passesBody(middlewares: readonly Middleware[], path: string): boolean {
  return middlewares.some((each) => each instanceof Passage && each.readsBody(path));
}
