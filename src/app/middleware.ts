import type { AppRequest } from "./request.ts";

/** What can stand in `app.middlewares`: an object with either method or both. */
export interface Middleware {
  beforeRequest?(request: AppRequest): unknown;
  afterRequest?(request: AppRequest, response: Response): unknown;
}

/**
 * Looks at every request before and after its handler. Extend it, and put an instance into `app.middlewares`; they run
 * in the order of that list, before and after.
 */
export class HttpMiddleware implements Middleware {
  /**
   * Before the handler; the body is read and the session loaded. Whatever it returns but undefined and null is the
   * answer: no later middleware and no handler is called, and the session is saved as usual. May be async. Throw
   * HttpError to refuse the request and save nothing.
   */
  beforeRequest(_request: AppRequest): unknown {
    return undefined;
  }

  /**
   * After the handler or an early answer; the session is saved after the last of these. May change the headers of
   * `response`, or return another answer instead. Error answers, 404 among them, do not come here.
   */
  afterRequest(_request: AppRequest, _response: Response): unknown {
    return undefined;
  }
}
