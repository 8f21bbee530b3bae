import type { Awaitable } from "../backends/backend.ts";
import { chain } from "../core/call.ts";
import type { Exchange } from "./exchange.ts";
import { type HeaderPairs, headerValue } from "./headers.ts";
import { Html } from "./html.ts";
import { Reply } from "./reply.ts";
import { chunksOf, drop, saveAfter, streamChunks } from "./stream.ts";

/** An answer that is no Response yet, which is cheaper. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderPairs;
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null;
}

export type Outcome = Answer | Response;

/** The headers of a text answer; the same array each time, so that its varied twin can be found at once. */
export const TEXT: HeaderPairs = [["content-type", "text/plain; charset=utf-8"]];
const HTML: HeaderPairs = [["content-type", "text/html; charset=utf-8"]];
const JSON_TYPE: HeaderPairs = [["content-type", "application/json"]];
const BYTES: HeaderPairs = [["content-type", "application/octet-stream"]];
const NOTHING: Answer = { status: 204, headers: [], body: null };

/**
 * What a handler returned, as an answer: a string is text, `html` is HTML, bytes are bytes, a number, bigint or boolean
 * is text, a stream or generator is streamed, a Response stays what it is, undefined and null are 204, any other object
 * is JSON. Throws TypeError for what cannot be sent.
 */
export function answerOf(exchange: Exchange, value: unknown): Awaitable<Outcome> {
  if (typeof value === "string") return { status: 200, headers: TEXT, body: value };
  if (value instanceof Response) return watched(exchange, value);
  if (value instanceof Reply) return replied(exchange, value);
  return contentOf(exchange, value);
}

function contentOf(exchange: Exchange, value: unknown, headers: HeaderPairs = []): Awaitable<Answer> {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return { status: 200, headers: TEXT, body: String(value) };
    case "undefined":
      return NOTHING;
    case "object":
      return value === null ? NOTHING : objectContent(exchange, value, headers);
    default:
      throw new TypeError(`A handler returned a ${typeof value}, which cannot be sent.`);
  }
}

function objectContent(exchange: Exchange, value: object, given: HeaderPairs): Awaitable<Answer> {
  if (value instanceof Html) return { status: 200, headers: HTML, body: value.toString() };
  if (value instanceof Uint8Array) return { status: 200, headers: BYTES, body: value };
  if (value instanceof ArrayBuffer) return { status: 200, headers: BYTES, body: new Uint8Array(value) };
  if (ArrayBuffer.isView(value)) {
    return {
      status: 200,
      headers: BYTES,
      body: new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
    };
  }
  if (value instanceof Blob) {
    const headers: HeaderPairs = value.type === "" ? BYTES : [["content-type", value.type]];
    return { status: 200, headers, body: value.stream() };
  }
  if (value instanceof ReadableStream) {
    exchange.visit.mayLook();
    return { status: 200, headers: BYTES, body: saveAfter(exchange, value, isEventStream(given)) };
  }
  if (value instanceof Response || value instanceof Reply) {
    throw new TypeError("reply: the body is a whole answer itself. Return that, or give its body.");
  }
  const chunks = chunksOf(value);
  if (chunks === undefined) return { status: 200, headers: JSON_TYPE, body: toJson(value) };
  exchange.visit.mayLook();
  const body = streamChunks(exchange, chunks, isEventStream(given));
  return chain(body, (stream) => ({ status: 200, headers: TEXT, body: stream }));
}

/** The client of an event stream waits for its head, and its first event may be hours away. */
function isEventStream(headers: HeaderPairs): boolean {
  return /^\s*text\/event-stream\s*(;|$)/i.test(headerValue(headers, "content-type") ?? "");
}

function toJson(value: object): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError("A handler returned an object that JSON leaves out.");
  return text;
}

function replied(exchange: Exchange, { status, headers, body }: Reply): Awaitable<Answer> {
  return chain(contentOf(exchange, body, headers), (content) => {
    // What a 204, 205 or 304 means has no body (RFC 9110 15.3.5, 15.3.6, 15.4.5).
    const empty = status === 204 || status === 205 || status === 304;
    const stream = content.body instanceof ReadableStream;
    if (empty && content.body instanceof ReadableStream) drop(content.body);
    const implied = empty || headerValue(headers, "content-type") !== undefined ? [] : content.headers;
    // The length is counted here, and how it is transferred is the host's affair.
    const given = headers.filter(
      ([name]) => name !== "transfer-encoding" && (stream || name !== "content-length"),
    );
    return { status, headers: [...implied, ...given], body: empty ? null : content.body };
  });
}

/** A Response's stream may still change the session, if somebody has looked at it, or pass the request's body on. */
function watched(exchange: Exchange, response: Response): Response {
  if (response.status === 0)
    throw new TypeError("A handler returned Response.error(), which cannot be sent.");
  if (response.bodyUsed) throw new TypeError("A handler returned a Response whose body was read already.");
  if (response.body === null) return response;
  const { visit, body } = exchange;
  if (!visit.varies) visit.mustNotLook();
  return visit.varies || body?.close
    ? copy(exchange, response, saveAfter(exchange, response.body))
    : response;
}

const own = new WeakSet<Response>();

/**
 * A Response that was made for this exchange, so that its headers can be changed. Those of an application's are copied:
 * it may send the same object to everybody, and some (of `fetch`, of `Response.redirect`) refuse changes.
 */
export function toOwnResponse(exchange: Exchange, outcome: Outcome): Response {
  if (outcome instanceof Response) return own.has(outcome) ? outcome : copy(exchange, outcome, outcome.body);
  const response = toResponse(exchange, outcome);
  own.add(response);
  return response;
}

function copy(exchange: Exchange, given: Response, body: ReadableStream<Uint8Array> | null): Response {
  const { status, statusText } = given;
  const response = new exchange.Response(body, { status, statusText, headers: new Headers(given.headers) });
  own.add(response);
  return response;
}

/** A Response of the host's own kind. */
export function toResponse(exchange: Exchange, outcome: Outcome): Response {
  if (outcome instanceof Response) return outcome;
  const { status, headers, body } = outcome;
  // Each of these is a BodyInit; the DOM's types exclude byte arrays that might be shared with a worker.
  return new exchange.Response(body as BodyInit | null, { status, headers: [...headers] });
}
