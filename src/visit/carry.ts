import type { AnswerHeaders } from "./answer.ts";

/** What a response is made of. */
export type Making = readonly [status: unknown, body: unknown, headers: unknown];

/** How headers come into a response. */
export interface Carrying {
  /** Adds the headers. */
  readonly add: (headers: AnswerHeaders) => void;
  /** Whether they are for one client only, so that a response that others may have as well must not get them. */
  readonly isPersonal: boolean;
  /** Whether it has to stay the same object. */
  readonly isFixed: boolean;
  /** What it is made of, if that is known. */
  readonly making: Making | undefined;
}

/** Returns the response with headers added; another object where it must be. */
export function carry(response: Response, { add, isPersonal, isFixed, making }: Carrying): Response {
  const body = making?.[1];
  if (isFixed || !isPersonal) {
    const light = typeof body === "string" ? lightCopy(response, body, making?.[2], add) : undefined;
    if (light !== undefined) return light;
    try {
      add(response.headers);
      return response;
    } catch {
      // `Response.redirect` and `fetch` make headers that cannot be changed.
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

/** What a Response makes of a text by itself. */
const TEXT = { "content-type": "text/plain; charset=UTF-8" };

/**
 * Returns a copy of a response of @hono/node-server whose body is a text, with `add` having added headers to it. As soon
 * as such a response is asked for its headers, it makes a Headers of them, and is sent more slowly; so this asks only for
 * `given`, what it was made with. Returns undefined if that is no plain object.
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
    // For cookies, of which a plain object cannot have several.
    append() {},
    delete() {},
    getSetCookie: () => [],
  });
  return new Response(text, { status, headers: record });
}
