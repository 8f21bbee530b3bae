/**
 * Throw it from a handler to answer with an HTTP error: `throw new HttpError(403, "Not yours")`. Nothing is saved.
 *
 * The client reads `status`, its reason and the `message`, so put nothing secret into it. `headers` go along.
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
      throw new RangeError(`HttpError: give a status from 400 to 599; got ${String(status)}.`);
    }
    super(message, options);
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** A header's name or value cannot be sent: a line break in it would let a stranger write headers. Names the `header`. */
export class HeaderError extends Error {
  override readonly name = "HeaderError";
  readonly code = "header";
  readonly header: string;

  constructor(header: string, message: string) {
    super(message);
    this.header = header;
  }
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

/** The text of an error answer: `404 Not Found`, or `400 Bad Request: why`. */
export function errorText(status: number, message: string): string {
  const line = `${status} ${REASONS[status] ?? "Error"}`;
  return message === "" ? line : `${line}: ${message}`;
}
