import type { Awaitable } from "../backends/backend.ts";

/** A response, and whether code of the application can run while its body is read. */
export interface Foreseen {
  readonly response: Response;
  readonly runs: boolean;
}

/**
 * Finds out whether code of the application can run while the body of a response is read, and so look at the session
 * when the head has left. A runtime makes a stream of text and bytes too; it has all of it at once. The returned
 * response is another object if that had to be tried. With HEAD nobody reads the body, so nothing is tried.
 */
export function foresee(response: Response, method: string): Awaitable<Foreseen> {
  const { body } = response;
  if (body === null) return { response, runs: false };
  if (!isOfBytes(body)) return { response, runs: true };
  return method === "HEAD" ? { response, runs: false } : tried(response, body);
}

/** Returns true for a body that is not made of text or bytes. */
export function isStream(body: ReadableStream<Uint8Array> | null): boolean {
  return body !== null && !isOfBytes(body);
}

/** Returns false for a stream of JavaScript values. The streams that a runtime makes of text and bytes have bytes. */
function isOfBytes(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

type Read = Promise<ReadableStreamReadResult<Uint8Array>>;

/** Reads the first chunk, and whether another comes. Waits one turn. */
async function tried(response: Response, body: ReadableStream<Uint8Array>): Promise<Foreseen> {
  const reader = body.getReader();
  const reads: Read[] = [reader.read(), reader.read()];
  const ready = await inThisTurn(Promise.all(reads));
  const [first, second] = ready ?? [];
  if (first?.done || second?.done) {
    const bytes = (first?.value ?? new Uint8Array()) as Uint8Array<ArrayBuffer>;
    return { response: new Response(bytes, response), runs: false };
  }
  return { response: new Response(rest(reader, reads), response), runs: true };
}

/** Returns what the promise is fulfilled with; undefined if it is not fulfilled in this turn. */
async function inThisTurn<V>(promise: Promise<V>): Promise<V | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, 0, undefined);
  });
  try {
    return await Promise.race([promise, turn]);
  } catch {
    // Who reads the body gets the error.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the body again: first what is read already, then the rest, no faster than it is needed. */
function rest(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  reads: Read[],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await (reads.shift() ?? reader.read());
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
