import type { Awaitable } from "../backends/backend.ts";
import { watchOwn } from "../core/told.ts";
import { printError } from "../visit/printed.ts";
import { type Exchange, within } from "./exchange.ts";
import { Html } from "./html.ts";
import { clientLeft } from "./http-error.ts";

type Chunks = Iterator<unknown> | AsyncIterator<unknown>;
type Result = IteratorResult<unknown>;

/** Returns the iterator of a generator, async iterable or Node stream; undefined for any other object. */
export function chunksOf(value: object): Chunks | undefined {
  if (Symbol.asyncIterator in value) {
    const chunks = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return "destroy" in value ? destroying(value as Destroyable, chunks) : chunks;
  }
  if (Symbol.iterator in value && typeof (value as { next?: unknown }).next === "function") {
    return (value as Iterable<unknown>)[Symbol.iterator]();
  }
  return undefined;
}

interface Destroyable {
  destroy(): void;
}

/** The iterator of a Node stream would wait for the stream's next chunk before it returns. */
function destroying(stream: Destroyable, chunks: AsyncIterator<unknown>): AsyncIterator<unknown> {
  const done = { done: true, value: undefined } as const;
  let ended = false;
  return {
    next: () =>
      chunks.next().catch((error: unknown) => {
        if (ended) return done;
        throw error;
      }),
    async return() {
      ended = true;
      stream.destroy();
      return done;
    },
  };
}

/**
 * Returns a stream of a generator's chunks. The generator runs to its first chunk before the headers are sent, so until then it
 * can set a cookie or fail with an error response; with `atOnce`, it runs to the first promise that it waits for. After that it
 * runs when the client reads more. It is ended when the client disconnects; before the headers are sent, this throws HttpError
 * then.
 */
export function streamChunks(
  exchange: Exchange,
  chunks: Chunks,
  atOnce: boolean,
): Awaitable<ReadableStream<Uint8Array>> {
  const first = chunks.next() as Awaitable<Result>;
  if (!(first instanceof Promise)) return restOf(exchange, chunks, first, atOnce);
  if (!atOnce)
    return arrived(exchange, chunks, first).then((result) => restOf(exchange, chunks, result, atOnce));
  // Nobody may ever read it.
  first.catch(() => {});
  // Only if it has failed already, this fails.
  return Promise.race([first, undefined]).then(() => restOf(exchange, chunks, first, atOnce));
}

function restOf(
  exchange: Exchange,
  chunks: Chunks,
  first: Awaitable<Result>,
  atOnce: boolean,
): ReadableStream<Uint8Array> {
  let ready: Awaitable<Result> | undefined = first;
  return sourceStream(
    exchange,
    async () => {
      const coming = ready ?? within(exchange, () => chunks.next());
      ready = undefined;
      const result = await coming;
      return result.done ? undefined : bytesOf(result.value);
    },
    () => stop(exchange, chunks),
    atOnce,
  );
}

/** Waits for the first chunk as long as the client does. */
function arrived(exchange: Exchange, chunks: Chunks, first: Promise<Result>): Promise<Result> {
  const { signal } = exchange.raw;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(clientLeft());
      stop(exchange, chunks).catch(() => {});
    };
    first.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave);
  });
}

async function stop(exchange: Exchange, chunks: Chunks): Promise<void> {
  await within(exchange, () => chunks.return?.());
}

/** Returns the same stream; the session is saved again when it ends. With `atOnce` it is an event stream. */
export function saveAfter(
  exchange: Exchange,
  stream: ReadableStream<Uint8Array>,
  atOnce = false,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return sourceStream(
    exchange,
    async () => (await reader.read()).value,
    (reason) => reader.cancel(reason),
    atOnce,
  );
}

/**
 * Cancels a stream that nobody reads, such as the body of a response to HEAD. If that fails (the stream has failed before, or
 * its own `cancel` throws), the error is ignored; as an unhandled rejection it would end the process.
 */
export function drop(stream: ReadableStream | null | undefined, reason?: unknown): void {
  stream?.cancel(reason).catch(() => {});
}

/** A comment in an event stream, as many servers send no head without a byte of the body. */
const COMMENT = new TextEncoder().encode(":\n\n");

function sourceStream(
  exchange: Exchange,
  next: () => Promise<Uint8Array | undefined>,
  stop: (reason: unknown) => Promise<void>,
  atOnce: boolean,
): ReadableStream<Uint8Array> {
  let over = false;
  let left = false;
  let failed = false;
  let watch: Disposable | undefined;
  const forget = (): void => watch?.[Symbol.dispose]();
  async function fail(error: unknown): Promise<void> {
    if (failed) return;
    failed = true;
    // An error caused by the client's disconnect is not logged.
    if (!left) printError(error);
    abandon(exchange);
  }
  async function leave(reason: unknown): Promise<void> {
    if (left || over) return;
    left = true;
    forget();
    try {
      await stop(reason);
      // If the headers were never sent, nothing must be saved.
      if (exchange.headersSent && !failed) await close(exchange);
    } catch (error) {
      await fail(error);
    }
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (atOnce) controller.enqueue(COMMENT);
        watch = watchEnd(exchange, () => {
          if (left || over) return;
          left = true;
          controller.close();
          abandon(exchange);
          // It may wait for something that never comes.
          stop(undefined).catch(() => {});
        });
        // Deno cancels the body itself, and warns of each look at the signal.
        if ("Deno" in globalThis) return;
        const { signal } = exchange.raw;
        // Not every host cancels the body of a client that has left.
        const onAbort = (): void => {
          if (left || over) return;
          controller.error(signal.reason);
          void leave(signal.reason);
        };
        signal.addEventListener("abort", onAbort, { once: true });
      },
      async pull(controller) {
        try {
          const chunk = await next();
          if (left) return;
          if (chunk === undefined) {
            over = true;
            forget();
            await close(exchange);
            controller.close();
          } else controller.enqueue(chunk);
        } catch (error) {
          over = true;
          forget();
          await fail(error);
          if (!left) controller.error(error);
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

/** Calls `onEnd` when the session of the request ends, if anybody has looked at it by then. */
function watchEnd({ visit, outlives }: Exchange, onEnd: () => void): Disposable | undefined {
  const session = outlives ? undefined : visit.unseen;
  return session && watchOwn(session, () => (visit.looked ? onEnd() : undefined));
}

/** Ends a request whose response was sent, and saves what changed since the first byte. */
async function close(exchange: Exchange): Promise<void> {
  exchange.body?.close?.();
  await exchange.visit.commitLate();
}

/** Ends a request that failed: nothing more of it is saved. */
export function abandon({ body, visit }: Exchange): void {
  body?.close?.();
  visit.discard();
}

const encoder = new TextEncoder();

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string" || chunk instanceof Html) return encoder.encode(String(chunk));
  throw new TypeError(`A stream yields strings, html and byte arrays; this one yielded ${typeof chunk}.`);
}
