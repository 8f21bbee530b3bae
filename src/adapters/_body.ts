import type { Awaitable } from "../backends/backend.ts";

/** What happens when a body is over. */
export interface BodyEnd {
  /** All of it was read, or its reader left. What it throws breaks the body off. */
  end(): Awaitable<unknown>;
  /** It failed. */
  fail(): Awaitable<unknown>;
  /** Told of what `end` throws when nobody reads any more. */
  tell(error: unknown): void;
}

/**
 * The same body, chunk by chunk and no faster than it is read; its end waits for `end`. It is not locked before somebody
 * reads, so whoever made it can still see that nobody does (HEAD).
 */
export function guardBody(body: ReadableStream<Uint8Array>, on: BodyEnd): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let over = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let result: ReadableStreamReadResult<Uint8Array>;
        try {
          reader ??= body.getReader();
          result = await reader.read();
        } catch (error) {
          over = true;
          await on.fail();
          throw error;
        }
        // The reader left meanwhile, and `cancel` does what is to be done.
        if (over) return;
        if (!result.done) {
          controller.enqueue(result.value);
          return;
        }
        over = true;
        try {
          const saved = on.end();
          if (saved instanceof Promise) await saved;
        } catch (error) {
          on.tell(error);
          throw error;
        }
        controller.close();
      },
      async cancel(reason) {
        // The reader left while the last save was running.
        if (over) return;
        over = true;
        try {
          await (reader ?? body).cancel(reason);
        } finally {
          try {
            await on.end();
          } catch (error) {
            on.tell(error);
          }
        }
      },
    },
    { highWaterMark: 0 },
  );
}
