import type { Awaitable } from "../backends/backend.ts";
import { chain } from "../core/call.ts";
import { printError } from "../visit/printed.ts";
import { type Exchange, within } from "./exchange.ts";
import { Html } from "./html.ts";

type Chunks = Iterator<unknown> | AsyncIterator<unknown>;

/** Returns the iterator of a generator or async iterable; undefined for any other object. */
export function chunksOf(value: object): Chunks | undefined {
  if (Symbol.asyncIterator in value) {
    return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  if (Symbol.iterator in value && typeof (value as { next?: unknown }).next === "function") {
    return (value as Iterable<unknown>)[Symbol.iterator]();
  }
  return undefined;
}

/**
 * Returns a stream of a generator's chunks. The generator runs to its first chunk before the headers are sent, so until then it
 * can set a cookie or fail with an error response. After that it runs when the client reads more, and it is ended when the client
 * disconnects.
 */
export function streamChunks(exchange: Exchange, chunks: Chunks): Awaitable<ReadableStream<Uint8Array>> {
  return chain(chunks.next() as Awaitable<IteratorResult<unknown>>, (first) => {
    let ready: IteratorResult<unknown> | undefined = first;
    return sourceStream(
      exchange,
      async () => {
        const result = ready ?? (await within(exchange, () => chunks.next()));
        ready = undefined;
        return result.done ? undefined : bytesOf(result.value);
      },
      async () => {
        await within(exchange, () => chunks.return?.());
      },
    );
  });
}

/** Returns the same stream; the session is saved again when it ends. */
export function saveAfter(
  exchange: Exchange,
  stream: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return sourceStream(
    exchange,
    async () => (await reader.read()).value,
    (reason) => reader.cancel(reason),
  );
}

/**
 * Cancels a stream that nobody reads, such as the body of a response to HEAD. If that fails (the stream has failed before, or
 * its own `cancel` throws), the error is ignored; as an unhandled rejection it would end the process.
 */
export function drop(stream: ReadableStream | null | undefined, reason?: unknown): void {
  stream?.cancel(reason).catch(() => {});
}

function sourceStream(
  exchange: Exchange,
  next: () => Promise<Uint8Array | undefined>,
  stop: (reason: unknown) => Promise<void>,
): ReadableStream<Uint8Array> {
  let left = false;
  let failed = false;
  async function fail(error: unknown): Promise<void> {
    if (failed) return;
    failed = true;
    // An error caused by the client's disconnect is not logged.
    if (!left) printError(error);
    abandon(exchange);
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await next();
          if (left) return;
          if (chunk === undefined) {
            await close(exchange);
            controller.close();
          } else controller.enqueue(chunk);
        } catch (error) {
          await fail(error);
          if (!left) controller.error(error);
        }
      },
      async cancel(reason) {
        left = true;
        try {
          await stop(reason);
          // If the headers were never sent, nothing must be saved.
          if (exchange.headersSent && !failed) await close(exchange);
        } catch (error) {
          await fail(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
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
