import { guardBody } from "./_body.ts";
import type { WebVisits } from "./_web-visits.ts";

/** What a response is made of that no stream feeds. */
type PlainBody = string | Uint8Array<ArrayBuffer> | Blob | null;

/**
 * The response with what it owes because of its sessions, and with its body watched, so that what changes while it
 * streams is saved at its end. It is another object where the given one may be shared with other requests, or cannot be
 * changed. One that upgrades the connection stays itself, as a WebSocket hangs on it. `tell` is told of a save that fails
 * when nobody can be answered any more.
 */
export function settleResponse(
  response: Response,
  visits: WebVisits,
  tell: (error: unknown) => void,
): Response {
  if (isUpgrade(response) || !visits.watchBody || plainBodyOf(response) !== undefined)
    return addHeaders(response, visits);
  const { body } = response;
  if (body === null) return addHeaders(response, visits);
  const copy = new Response(watchStream(body, visits, tell), response);
  visits.addHeaders(copy.headers);
  return copy;
}

/** The response with what it owes because of its sessions; another object where it must be. */
export function addHeaders(response: Response, visits: WebVisits): Response {
  if (!visits.owesHeaders) return response;
  const fixed = isUpgrade(response) || isError(response);
  const light = fixed || visits.owesCookie ? undefined : lightCopy(response, visits);
  if (light !== undefined) return light;
  if (fixed || !visits.owesCookie) {
    try {
      visits.addHeaders(response.headers);
      return response;
    } catch {
      // `Response.redirect` and `fetch` make headers that cannot be changed.
      if (fixed) return response;
    }
  }
  const plain = plainBodyOf(response);
  const copy =
    plain === undefined
      ? new Response(response.body, response)
      : new Response(plain, { status: response.status, headers: response.headers });
  visits.addHeaders(copy.headers);
  return copy;
}

/** Whether the connection is handed over to a WebSocket. */
export function isUpgrade(response: Response): boolean {
  const { webSocket, crossws } = response as { webSocket?: unknown; crossws?: unknown };
  return response.status === 101 || Boolean(webSocket) || Boolean(crossws);
}

/** Whether it is `Response.error()`, which stands for a broken connection. */
export function isError(response: Response): boolean {
  return response.status === 0;
}

/** The same stream, whose end waits for what changed meanwhile to be saved. */
export function watchStream(
  stream: ReadableStream<Uint8Array>,
  visits: WebVisits,
  tell: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  return guardBody(stream, {
    end: () => visits.commitLate(),
    fail: () => visits.discard(),
    tell,
  });
}

/**
 * The same for a response of @hono/node-server whose body is a text and whose headers are still what it was made with: as
 * soon as they are asked for, it makes a Headers of them, and answers more slowly. Undefined for any other.
 */
function lightCopy(response: Response, visits: WebVisits): Response | undefined {
  const body = plainBodyOf(response);
  if (typeof body !== "string") return undefined;
  const given = (response as unknown as Record<symbol, readonly unknown[]>)[cacheKey!]![2];
  if (given !== undefined && Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  const record: Record<string, string> = { ...(given ?? TEXT) };
  const nameOf = (name: string): string =>
    Object.keys(record).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
  visits.addHeaders({
    get: (name) => record[nameOf(name)] ?? null,
    set(name, value) {
      record[nameOf(name)] = value;
    },
    append() {},
  });
  return new Response(body, { status: response.status, headers: record });
}

/** What a Response makes of a text by itself. */
const TEXT = { "content-type": "text/plain; charset=UTF-8" };

let cacheKey: symbol | undefined;

/**
 * The body of a response that is known to be no stream; undefined if that is not known. The responses of
 * @hono/node-server say it in a private member, and lose what makes them fast as soon as they are asked for `body` or
 * `type`. If that member ever changes, this answers undefined, which is always right.
 */
export function plainBodyOf(response: Response): PlainBody | undefined {
  cacheKey ??= Object.getOwnPropertySymbols(response).find(({ description }) => description === "cache");
  if (cacheKey === undefined) return undefined;
  const cached = (response as unknown as Record<symbol, unknown>)[cacheKey];
  if (!Array.isArray(cached) || cached.length !== 3) return undefined;
  const body: unknown = cached[1];
  const known =
    body === null || typeof body === "string" || body instanceof Uint8Array || body instanceof Blob;
  return known ? (body as PlainBody) : undefined;
}
