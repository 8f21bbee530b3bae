import type { AppRequest } from "./request.ts";

/** What can be put into `app.middlewares`: an object with either method or both. */
export interface Middleware {
  beforeRequest?(request: AppRequest): unknown;
  afterRequest?(request: AppRequest, response: Response): unknown;
}

/**
 * Runs code before and after the handler of every request. Extend it, and push an instance to `app.middlewares`. Middlewares run
 * in the order of that list, before and after.
 */
export class HttpMiddleware implements Middleware {
  /**
   * Called before the handler, when the body is read and the session loaded. If it returns anything but undefined or
   * null, that is the response: later middlewares and the handler are not called, and the session is saved as usual. It can
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
