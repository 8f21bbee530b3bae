import type { H3Config, H3Event } from "h3";
import { StateError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { OF_ONE_ANSWER } from "./_error-head.ts";
import { addHeaders, isUpgrade, watchStream } from "./_web-response.ts";
import type { WebVisits } from "./_web-visits.ts";

/** What h3 takes for an answer that somebody gave past it, on Node's response. */
const HANDLED = Symbol.for("h3.handled");
const NOT_FOUND = Symbol.for("h3.notFound");
const HTTP_RESPONSE = Symbol.for("h3.HTTPResponse");

type Tell = (error: unknown) => void;

/**
 * What a handler answered, with its body watched, so that what changes while it streams is saved at its end. What the
 * response owes is left with the event, where h3 finds it, or put into a Response.
 */
export function watchValue(event: H3Event, value: unknown, visits: WebVisits, tell: Tell): unknown {
  // What h3 cannot make JSON of is its own error, which would take the cookie away.
  if (visits.owesCookie && isJson(value)) JSON.stringify(value);
  if (value instanceof Response) return watchResponse(event, value, visits, tell);
  if (value === HANDLED) {
    if (visits.owesCookie)
      tell(
        new StateError("headers_sent", "A Node handler has answered past h3, so the cookie was not sent."),
      );
    return value;
  }
  const wrapped = isHttpResponse(value) ? value : undefined;
  if (visits.owesHeaders) {
    seedVary(event.res.headers, wrapped?.headers);
    visits.addHeaders(event.res.headers);
    if (value === NOT_FOUND || value === undefined) visits.addHeaders(event.res.errHeaders);
  }
  if (!visits.watchBody) return value;
  if (wrapped === undefined) return streamOf(value, visits, tell) ?? value;
  const stream = streamOf(wrapped.body, visits, tell);
  if (stream !== undefined) wrapped.body = stream;
  return wrapped;
}

function watchResponse(event: H3Event, response: Response, visits: WebVisits, tell: Tell): Response {
  if (isUpgrade(response)) return addHeaders(response, visits);
  const { body } = response;
  const watched =
    body === null || !visits.watchBody ? response : new Response(watchStream(body, visits, tell), response);
  if (!visits.owesHeaders) return watched;
  const headers = response.status >= 400 ? event.res.errHeaders : event.res.headers;
  if (!visits.owesCookie && !headers.has("Vary")) return addHeaders(watched, visits);
  // h3 makes the copy that somebody's cookie needs.
  seedVary(headers, response.headers);
  visits.addHeaders(headers);
  return watched;
}

/** h3 replaces a header of the answer by the one of the event, where those of both must count. */
function seedVary(headers: Headers, own: Headers | undefined): void {
  const vary = own?.get("Vary");
  if (vary) headers.append("Vary", vary);
}

interface HttpResponse {
  body: unknown;
  readonly headers: Headers;
}

function isHttpResponse(value: unknown): value is HttpResponse {
  return (
    typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[HTTP_RESPONSE] === true
  );
}

/** What h3 takes for a stream, watched; undefined for everything else. */
function streamOf(value: unknown, visits: WebVisits, tell: Tell): ReadableStream<Uint8Array> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof ReadableStream) return watchStream(value, visits, tell);
  const iterate = (value as Partial<AsyncIterable<string | Uint8Array>>)[Symbol.asyncIterator];
  if (typeof iterate !== "function" || isPlain(value)) return undefined;
  return watchStream(bytesOf(iterate.call(value)), visits, tell);
}

/** Whether h3 makes JSON of it. */
function isJson(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (
    Array.isArray(value) || isPlain(value) || typeof (value as { toJSON?: unknown }).toJSON === "function"
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** No part is made before it is asked for. */
function bytesOf(parts: AsyncIterator<string | Uint8Array>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      },
      async cancel() {
        await parts.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What an error answer carries all the same: h3 takes the first for its own answer, the second for one of `onError`. */
export function addOwed(event: H3Event, visits: WebVisits): void {
  if (!visits.owesHeaders) return;
  visits.addHeaders(event.res.errHeaders);
  visits.addHeaders(event.res.headers);
}

/** Leaves of what the handler answered only what other middleware has set for any answer. */
export function clearAnswer(event: H3Event, value: unknown, error: unknown): void {
  const body: unknown = value instanceof ReadableStream ? value : (value as { body?: unknown } | null)?.body;
  if (body instanceof ReadableStream) void body.cancel(error).catch(() => {});
  const { res } = event;
  for (const name of [...res.headers.keys()]) if (OF_ONE_ANSWER.test(name)) res.headers.delete(name);
  res.status = answerTo(error).status;
  delete res.statusText;
  for (const headers of [res.headers, res.errHeaders]) headers.set("Cache-Control", "no-store");
}

const wrapped = new WeakSet<object>();

/** A Response that `onError` answers gets no headers from h3, so it gets what is owed here. */
export function keepOwed(event: H3Event, visitsOf: (event: H3Event) => WebVisits | undefined): void {
  const { app } = event;
  const onError = app?.config.onError;
  if (app === undefined || onError === undefined || wrapped.has(onError)) return;
  const answer: NonNullable<H3Config["onError"]> = async (error, of) => {
    const answered = await onError(error, of);
    const visits = visitsOf(of);
    return answered instanceof Response && visits !== undefined ? addHeaders(answered, visits) : answered;
  };
  wrapped.add(answer);
  (app as { config: H3Config }).config = Object.freeze({ ...app.config, onError: answer });
}
