import { chain } from "../core/call.ts";
import type { Around } from "./around.ts";
import { attempt } from "./attempt.ts";
import { errorResponse, isAnswered } from "./error-parts.ts";
import type { Visit } from "./visit.ts";
import { watchBody } from "./watch-body.ts";

// For frameworks that make a Response of what a handler returns.

/** How a framework takes headers for what a handler returned. */
export interface ValueFramework {
  /**
   * Returns the value, with the headers that the response must have. The value can also be the error of a failed
   * request.
   */
  carry(value: unknown): unknown;
  /** Removes the headers and the status of an answer that is not sent because of this error. */
  clear(error: unknown): void;
}

/** Loads the session, runs the rest of the middleware, saves, and returns the value of `next` with its headers. */
export function runBehind(
  around: Around,
  visit: Visit,
  next: () => unknown,
  { carry, clear }: ValueFramework,
): unknown {
  const isOutermost = around.visits[0] === visit;
  const fail = (error: unknown): never => {
    around.discard();
    carry(error);
    throw error;
  };
  const finish = (value: unknown): unknown => {
    if (isFailure(value)) around.fail();
    const refuse = (error: unknown): never => {
      around.discard(error, value);
      clear(error);
      return fail(error);
    };
    return saved(around, () => carry(value), refuse);
  };
  const refuse = (error: unknown): unknown => {
    if (!isAnswered(error)) return fail(error);
    around.discard();
    return carry(errorResponse(error));
  };
  return visit.begin(around.context, () => (isOutermost ? attempt(next, finish, refuse) : next()), fail);
}

/** Saves, and returns the answer of the framework. Adds headers if it is a Response; see `settle`. */
export function leave(around: Around, answered: unknown, isInert: boolean): unknown {
  return saved(
    around,
    () => {
      if (answered instanceof Response) return around.settle(answered, isInert);
      around.close();
      return answered;
    },
    (error) => {
      around.discard(error, answered);
      return around.answerError(error);
    },
  );
}

/** Returns the function that makes the parts of an async iterable that is not plain data. */
function iteratorOf(value: unknown): (() => AsyncIterator<string | Uint8Array>) | undefined {
  if (typeof value !== "object" || value === null || isPlain(value)) return undefined;
  const iterate = (value as Partial<AsyncIterable<string | Uint8Array>>)[Symbol.asyncIterator];
  return typeof iterate === "function" ? iterate : undefined;
}

/** Saves, then returns what `give` returns. Errors, also those of `give`, go to `refuse`. */
function saved(around: Around, give: () => unknown, refuse: (error: unknown) => unknown): unknown {
  return attempt(
    () => chain(around.commit(), give),
    (value) => value,
    refuse,
  );
}

/** Returns true for an Error, and for `Response.error()`, which means a broken connection. */
export function isFailure(value: unknown): boolean {
  return value instanceof Error || (value instanceof Response && value.status === 0);
}

/** Returns true if sending the value runs no code of the application. */
export function isInert(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  return isPlain(value) && !("next" in value);
}

/** Returns true for a value that becomes JSON: a plain object, an array, or an object with `toJSON`. */
export function isData(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isPlain(value) || typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** Returns true for a plain object or an array. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

/** An answer that has headers and is not a Response. */
interface AnswerLike {
  readonly headers: Headers;
  body: unknown;
}

/** Returns the headers of an answer, if it has any. */
export function headersOf(value: unknown): Headers | undefined {
  const { headers } = Object(value) as Partial<AnswerLike>;
  return headers instanceof Headers ? headers : undefined;
}

/**
 * Returns a Response, a stream or an async iterable as one that saves changes at its end. Returns any other value
 * unchanged: with it, the request is over.
 */
export function watched(value: unknown, around: Around): unknown {
  const later = watchedStream(value, around);
  if (later === value && headersOf(value) === undefined) around.close();
  return later;
}

function watchedStream(value: unknown, around: Around): unknown {
  if (typeof value !== "object" || value === null || !around.isWatching) return value;
  if (value instanceof Response)
    return value.body === null ? value : new Response(watchBody(value.body, around), value);
  if (value instanceof ReadableStream) return watchBody(value, around);
  if (headersOf(value) !== undefined) {
    const answer = value as AnswerLike;
    answer.body = watched(answer.body, around);
    return answer;
  }
  const iterate = iteratorOf(value);
  return iterate === undefined ? value : watchBody(bytesOf(iterate.call(value)), around);
}

/** Lets what a handler returned look at the session while it is sent, if it streams. */
export function admit(value: unknown, around: Around): void {
  if (value instanceof Response) around.admit(value);
  else {
    const body = headersOf(value) === undefined ? value : (value as AnswerLike).body;
    if (body instanceof ReadableStream || iteratorOf(body) !== undefined) around.mayLook();
  }
}

/** Makes no part before it is read. */
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

type Parts = Iterator<unknown> | AsyncIterator<unknown>;

/** Runs a generator to its first part, which its next caller then gets. Returns undefined for other values. */
export function begun(value: unknown): Promise<unknown> | undefined {
  const parts = value as Parts | null | undefined;
  if (typeof parts?.next !== "function") return undefined;
  const first = parts.next();
  Object.defineProperty(parts, "next", {
    configurable: true,
    value: () => {
      delete (parts as { next?: unknown }).next;
      return first;
    },
  });
  return Promise.resolve(first);
}
