import { HttpError } from "./http-error.ts";

type Handler = (...values: never[]) => unknown;

/** The methods that a handler takes; any, if it is not in here. */
const taken = new WeakMap<Handler, readonly string[]>();

/**
 * Makes a route of an App take POST alone: `sign = post(() => ...)` as a field, or `sign = post(this._sign)`. Any other
 * method is answered 405, with the header `Allow`; in an App without middlewares, before a body is read and the session loaded.
 * Two of these around one function take both. Returns the function.
 *
 * @example
 * class Accounts extends App {
 *   login = post(() => {
 *     login(this.request.session, this.request.form("name", ""));
 *     return redirect("/", 303);
 *   });
 * }
 */
export function post<F extends Handler>(handler: F): F {
  return only(handler, "POST");
}

/**
 * The same for GET and HEAD.
 *
 * @example
 * class Notes extends App {
 *   note = get((id: string) => `note ${id}`);
 * }
 */
export function get<F extends Handler>(handler: F): F {
  return only(only(handler, "GET"), "HEAD");
}

/**
 * The same for PUT.
 *
 * @example
 * class Notes extends App {
 *   note = put((id: string) => `replaced ${id}`);
 * }
 */
export function put<F extends Handler>(handler: F): F {
  return only(handler, "PUT");
}

/**
 * The same for PATCH.
 *
 * @example
 * class Notes extends App {
 *   note = patch((id: string) => `changed ${id}`);
 * }
 */
export function patch<F extends Handler>(handler: F): F {
  return only(handler, "PATCH");
}

/**
 * The same for DELETE.
 *
 * @example
 * class Notes extends App {
 *   note = del((id: string) => `deleted ${id}`);
 * }
 */
export function del<F extends Handler>(handler: F): F {
  return only(handler, "DELETE");
}

function only<F extends Handler>(handler: F, method: string): F {
  if (typeof handler !== "function") throw new TypeError("Pass the function that handles the requests.");
  taken.set(handler, [...new Set([...(taken.get(handler) ?? []), method])]);
  return handler;
}

/** Throws HttpError 405 for a method that this handler does not take. */
export function refuseMethod(handler: Handler, method: string): void {
  const methods = taken.get(handler);
  if (methods === undefined || methods.includes(method)) return;
  const allow = methods.join(", ");
  throw new HttpError(405, `Use ${allow}`, { headers: { allow } });
}
