import type { ReadonlySession } from "../core/register.ts";
import { watchOwn } from "../core/told.ts";
import { SessionEndedError } from "./signal.ts";

/** What has an `abort`, as an AbortController has it. */
export interface Abortable {
  abort(reason?: unknown): void;
}

/** A response of Node, or another stream that is written to. */
export interface Endable {
  end(): unknown;
  on(event: "close", listener: () => void): unknown;
}

/** What can end with its session. */
export type Ending = Response | ReadableStream | AsyncIterable<unknown> | Endable | Abortable;

/**
 * Ends a long answer when the session ends, in whichever process, or by its deadline, and returns what to answer with:
 *
 * - a Response or ReadableStream: another one with the same content, whose body ends with the session; the source is canceled
 * - an async iterable, such as a generator: another one, which returns with the session, and so does the source
 * - a response of Node: itself; `end` is called
 * - an AbortController: itself; it is aborted with a SessionEndedError
 *
 * What has ended by itself is not watched any more. Throws StateError `not_live` for anything that is no session, and
 * TypeError for what cannot be ended.
 *
 * @example
 * app.get("/events", (c) => endWithSession(new Response(eventsOf(c.var.session)), c.var.session));
 */
export function endWithSession<T extends Ending>(ending: T, session: ReadonlySession): T {
  const found = Object(ending) as Partial<Response & ReadableStream & Endable & Abortable> & object;
  if (typeof found.getReader === "function") return streamOf(ending as ReadableStream, session) as T;
  if (found instanceof Response) return responseOf(found, session) as T;
  if (typeof found.abort === "function") {
    const controller = ending as Abortable;
    watchOwn(session, ({ reason }) => controller.abort(new SessionEndedError(reason)));
    return ending;
  }
  if (typeof found.end === "function" && typeof found.on === "function") {
    const response = ending as Endable;
    const watch = watchOwn(session, () => response.end());
    response.on("close", () => watch[Symbol.dispose]());
    return ending;
  }
  if (typeof (ending as AsyncIterable<unknown>)[Symbol.asyncIterator] === "function")
    return iterableOf(ending as AsyncIterable<unknown>, session) as unknown as T;
  throw new TypeError(
    "endWithSession: pass a Response, a stream, an async iterable, a response of Node, or an AbortController.",
  );
}

function responseOf(response: Response, session: ReadonlySession): Response {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  return new Response(streamOf(body, session), { status, statusText, headers });
}

function streamOf(stream: ReadableStream, session: ReadonlySession): ReadableStream {
  const reader = stream.getReader();
  let watch: Disposable | undefined;
  const stop = (): void => watch?.[Symbol.dispose]();
  return new ReadableStream<unknown>(
    {
      start(controller) {
        watch = watchOwn(session, ({ reason }) => {
          controller.close();
          reader.cancel(new SessionEndedError(reason)).catch(() => {});
          watch = undefined;
        });
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          // It has ended while this waited, and is closed.
          if (watch === undefined) return;
          if (!done) return controller.enqueue(value);
          stop();
          controller.close();
        } catch (error) {
          stop();
          if (watch !== undefined) controller.error(error);
        }
      },
      cancel(reason) {
        stop();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* iterableOf(
  source: AsyncIterable<unknown>,
  session: ReadonlySession,
): AsyncGenerator<unknown, void, undefined> {
  let isOver = false;
  let wake = (): void => {};
  const watch = watchOwn(session, () => {
    isOver = true;
    wake();
  });
  const iterator = source[Symbol.asyncIterator]();
  try {
    while (!isOver) {
      // Not a race with one promise for all: each round would leave something behind on it.
      const ended = new Promise<undefined>((resolve) => {
        wake = () => resolve(undefined);
      });
      const next = await Promise.race([ended, iterator.next()]);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    watch[Symbol.dispose]();
    // Not awaited: a generator that waits for something returns only after that.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
