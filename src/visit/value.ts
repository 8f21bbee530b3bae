import { chain } from "../core/engine.ts";
import type { Around } from "./around.ts";
import { attempt } from "./attempt.ts";
import type { Visit } from "./visit.ts";

// What a handler returns to a framework that makes the Response of it.

/** What a framework does with what a handler returned. */
export interface Taking {
  /** Returns the value with what the answer must carry. Gets the error of a request that failed, too. */
  carry(value: unknown): unknown;
  /** Takes back the headers and the status of an answer that is not sent. */
  clear(error: unknown): void;
}

/** Runs what is behind middleware between load and save, and returns what it returned, with what the answer must carry. */
export function runBehind(
  around: Around,
  visit: Visit,
  next: () => unknown,
  { carry, clear }: Taking,
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
  return visit.begin(around.asked, () => (isOutermost ? attempt(next, finish, fail) : next()), fail);
}

/** Saves, and returns what a framework has made of an answer, with what that must carry; see `settle`. */
export function leave(around: Around, answered: unknown, isInert: boolean): unknown {
  return saved(
    around,
    () => (answered instanceof Response ? around.settle(answered, isInert) : answered),
    (error) => {
      around.discard(error, answered);
      return around.answerError(error);
    },
  );
}

/** Saves, and then gives the answer. What fails, also in `give`, goes to `refuse`. */
function saved(around: Around, give: () => unknown, refuse: (error: unknown) => unknown): unknown {
  return attempt(
    () => chain(around.commit(), give),
    (value) => value,
    refuse,
  );
}

/** Returns true if it tells of a failure: an Error, or `Response.error()`, which means a broken connection. */
export function isFailure(value: unknown): boolean {
  return value instanceof Error || (value instanceof Response && value.status === 0);
}

/** Returns true if no code of the application runs while it is sent. */
export function isInert(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  return isPlain(value) && !("next" in value);
}

/** Returns true for what becomes JSON: an object or array of data, or an object that says what its JSON is. */
export function isData(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isPlain(value) || typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** Returns true for an object or an array of data. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

/** An answer with headers of its own that is no Response. */
interface AnswerLike {
  readonly headers: Headers;
  body: unknown;
}

/** Returns the headers that an answer has itself, if it has. */
export function headersOf(value: unknown): Headers | undefined {
  const { headers } = Object(value) as Partial<AnswerLike>;
  return headers instanceof Headers ? headers : undefined;
}

/** Returns what streams (a Response, a stream, an async iterable) with its body watched; anything else as it is. */
export function watched(value: unknown, around: Around): unknown {
  if (typeof value !== "object" || value === null || !around.isWatching) return value;
  if (value instanceof Response)
    return value.body === null ? value : new Response(around.watch(value.body), value);
  if (value instanceof ReadableStream) return around.watch(value);
  if (headersOf(value) !== undefined) {
    const answer = value as AnswerLike;
    answer.body = watched(answer.body, around);
    return answer;
  }
  const iterate = (value as Partial<AsyncIterable<string | Uint8Array>>)[Symbol.asyncIterator];
  return typeof iterate === "function" && !isPlain(value)
    ? around.watch(bytesOf(iterate.call(value)))
    : value;
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

type Parts = Iterator<unknown> | AsyncIterator<unknown>;

/** Runs a generator up to its first part, which whoever runs it later gets; does nothing with anything else. */
export async function begun(value: unknown): Promise<void> {
  const parts = value as Parts | null | undefined;
  if (typeof parts?.next !== "function") return;
  const first = parts.next();
  Object.defineProperty(parts, "next", {
    configurable: true,
    value: () => {
      delete (parts as { next?: unknown }).next;
      return first;
    },
  });
  await first;
}
