/**
 * Throw it from a handler to send an HTTP error: `throw new HttpError(403, "Not yours")`. The session is not saved.
 *
 * The response contains `status`, its reason and `message`, so put no secrets into the message. `headers` are sent too.
 *
 * @example
 * class Notes extends App {
 *   note(id: string) {
 *     if (id !== "7") throw new HttpError(404, "There is no such note");
 *     return "a note";
 *   }
 * }
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message = "",
    options: ErrorOptions & { headers?: Readonly<Record<string, string>> } = {},
  ) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(
        `HttpError: the status must be an integer from 400 to 599; got ${String(status)}.`,
      );
    }
    super(message, options);
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** The name or value of `header` cannot be sent. A line break, for example, would let an attacker add headers. */
export class HeaderError extends Error {
  override readonly name = "HeaderError";
  readonly code = "header";
  readonly header: string;

  constructor(header: string, message: string) {
    super(message);
    this.header = header;
  }
}

/** A body or an uploaded file was read too late: it was read or skipped before, or the request is over. */
export class BodyGoneError extends Error {
  override readonly name = "BodyGoneError";
  readonly code = "body_gone";
}

const REASONS: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Returns the text of an error response: `404 Not Found`, or `400 Bad Request: message`. */
export function errorText(status: number, message: string): string {
  const line = `${status} ${REASONS[status] ?? "Error"}`;
  return message === "" ? line : `${line}: ${message}`;
}

export function tooLarge(what = "The body"): HttpError {
  return new HttpError(413, `${what} is too large`);
}

/** The error of a body that ended too early. */
export function cutShort(cause?: unknown): HttpError {
  return new HttpError(400, "The body was cut short", { cause });
}

/** The error of an answer that nobody waits for. It is not printed, and its status is for proxies' logs at most. */
export function clientLeft(): HttpError {
  return new HttpError(499, "The client has left");
}
