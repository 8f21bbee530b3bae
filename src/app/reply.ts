import { type HeaderPairs, type HeadersGiven, toPairs } from "./headers.ts";

/** A response with its own status and headers, made by `reply` or `redirect`. */
export class Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: HeaderPairs;

  constructor(status: number, body: unknown, headers: HeaderPairs) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`reply: the status must be an integer from 200 to 599; got ${String(status)}.`);
    }
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/**
 * Returns a response with a status and headers. `body` is anything that a handler can return; by default it is empty. A
 * `content-type` in `headers` replaces the one that the body implies.
 * Throws HeaderError if a header has a line break or another character that headers cannot contain.
 *
 * @example
 * class Notes extends App {
 *   create() {
 *     return reply(201, { id: 7 }, { location: "/note/7" });
 *   }
 * }
 */
export function reply(status: number, body?: unknown, headers?: HeadersGiven): Reply {
  return new Reply(status, body ?? "", toPairs(headers));
}

/**
 * Returns a redirect to `location` with status 302, or 301, 303, 307 or 308. Characters that a URL cannot contain are
 * percent-encoded; existing escapes are kept. The location is not checked: never redirect to a URL that a user supplied.
 *
 * @example
 * class Accounts extends App {
 *   index() {
 *     return redirect("/login", 303);
 *   }
 * }
 */
export function redirect(location: string | URL, status = 302): Reply {
  if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) {
    throw new RangeError(`redirect: the status must be 301, 302, 303, 307 or 308; got ${String(status)}.`);
  }
  // Browsers read "\" as "/", so "/\evil.example" would lead to another site.
  const encoded = String(location)
    .toWellFormed()
    .replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent);
  return new Reply(status, "", [["location", encoded]]);
}
