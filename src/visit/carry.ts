import type { AnswerHeaders } from "./answer.ts";

/** The arguments that a response was made with. */
export type Making = readonly [status: unknown, body: unknown, headers: unknown];

/** What to add to a response, and how. */
export interface Carrying {
  /** Adds the headers. */
  readonly add: (headers: AnswerHeaders) => void;
  /** Whether the headers are for one client only. A response that is shared with other requests must not get them. */
  readonly isPersonal: boolean;
  /** The arguments of the response, if they are known. */
  readonly making: Making | undefined;
}

/** Returns the response with headers added: the same object if possible, else a copy. */
export function carry(response: Response, { add, isPersonal, making }: Carrying): Response {
  const body = making?.[1];
  // These must stay the same object.
  const isFixed = response.status === 0 || isUpgrade(response);
  if (isFixed || !isPersonal) {
    const light = typeof body === "string" ? lightCopy(response, body, making?.[2], add) : undefined;
    if (light !== undefined) return light;
    try {
      add(response.headers);
      return response;
    } catch {
      // The headers of `Response.redirect()` and `fetch()` cannot be changed.
      if (isFixed) return response;
    }
  }
  const { status, headers } = response;
  const copy =
    making === undefined
      ? new Response(response.body, response)
      : new Response(body as BodyInit | null, { status, headers });
  add(copy.headers);
  return copy;
}

/** The headers that a Response adds to a text. */
const TEXT = { "content-type": "text/plain; charset=UTF-8" };

/**
 * Returns a copy of a response of @hono/node-server whose body is a text, with the headers that `add` adds. Reads
 * `given`, the headers that the response was made with: reading `headers` makes the response slower. Returns
 * undefined if `given` is not a plain object.
 */
function lightCopy(
  { status }: Response,
  text: string,
  given: unknown,
  add: (headers: AnswerHeaders) => void,
): Response | undefined {
  if (given !== undefined && Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  const record: Record<string, string> = { ...(given ?? TEXT) };
  const nameOf = (name: string): string =>
    Object.keys(record).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
  add({
    get: (name) => record[nameOf(name)] ?? null,
    set(name, value) {
      record[nameOf(name)] = value;
    },
    // These are for cookies. A plain object cannot hold several.
    append() {},
    delete() {},
    getSetCookie: () => [],
  });
  return new Response(text, { status, headers: record });
}

/** Returns true if the response hands the connection over to a WebSocket. */
export function isUpgrade(response: Response): boolean {
  const { webSocket, crossws } = response as { webSocket?: unknown; crossws?: unknown };
  return response.status === 101 || Boolean(webSocket) || Boolean(crossws);
}

let cacheKey: symbol | undefined;

/**
 * Returns what a response is made of, if it is one of @hono/node-server and its body is not a stream. These responses
 * keep it in a private member, and become slower when their `body` or `type` is read. If that member changes,
 * this returns undefined, which is always correct.
 */
export function makingOf(response: Response): Making | undefined {
  cacheKey ??= Object.getOwnPropertySymbols(response).find(({ description }) => description === "cache");
  if (cacheKey === undefined) return undefined;
  const making = (response as unknown as Record<symbol, unknown>)[cacheKey];
  if (!Array.isArray(making) || making.length !== 3) return undefined;
  const body: unknown = making[1];
  const isPlain =
    body === null || typeof body === "string" || body instanceof Uint8Array || body instanceof Blob;
  return isPlain ? (making as unknown as Making) : undefined;
}
