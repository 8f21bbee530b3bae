import { type HeaderPairs, type HeadersGiven, toPairs } from "./headers.ts";

/** A handler's answer with a status and headers of its own; made by `reply` and `redirect`. */
export class Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: HeaderPairs;

  constructor(status: number, body: unknown, headers: HeaderPairs) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`reply: give a status from 200 to 599; got ${String(status)}.`);
    }
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/**
 * An answer with a status and headers. `body` is anything that a handler may return; without one, the answer is empty.
 * A `content-type` given here replaces the one that the body implies.
 * Throws HeaderError for a header with a line break in it.
 */
export function reply(status: number, body?: unknown, headers?: HeadersGiven): Reply {
  return new Reply(status, body ?? "", toPairs(headers));
}

/**
 * Sends the browser to `location`: 302, or another of 301, 303, 307 and 308. Characters that cannot stand in a URL are
 * percent-encoded, what is encoded already stays. It does not judge where the location leads: never redirect to an
 * address that a stranger chose.
 */
export function redirect(location: string | URL, status = 302): Reply {
  if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) {
    throw new RangeError(`redirect: give 301, 302, 303, 307 or 308; got ${String(status)}.`);
  }
  // A browser reads "\" as "/", so "/\evil.example" would leave the site.
  const encoded = String(location)
    .toWellFormed()
    .replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent);
  return new Reply(status, "", [["location", encoded]]);
}
