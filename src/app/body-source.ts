import { Breath } from "./breath.ts";
import type { Exchange } from "./exchange.ts";
import { cutShort, HttpError, tooLarge } from "./http-error.ts";

/** The bytes of a body as they arrive, within limits. */
export interface BodySource {
  /** Taken before each `next`, so that a body that is there already does not keep the event loop. */
  readonly breath: Breath;
  /** Returns the next bytes; undefined at the end. Throws HttpError 413, 408, or 400 if the client disconnects. */
  next(): Promise<Uint8Array | undefined>;
  /** Stops reading. */
  stop(): void;
}

/** Sizes in bytes, times in seconds. */
export interface SourceLimits {
  readonly size: number;
  /** Until the end of the body, from `openBody` on. */
  readonly total: number;
  /** For one call of `next`. */
  readonly stall: number;
}

/** Opens the body of a request, which is possible once. Throws HttpError 413 if its Content-Length is over the limit. */
export function openBody(exchange: Exchange, limits: SourceLimits): BodySource {
  const declared = declaredLength(exchange);
  if (declared !== undefined && declared > limits.size) throw tooLarge();
  const chunks = chunksOf(exchange);
  const deadline = performance.now() + limits.total * 1000;
  const breath = new Breath();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let size = 0;
  let done = false;

  function arrival(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise<IteratorResult<Uint8Array, undefined>>((resolve, reject) => {
      const late = () => reject(new HttpError(408, "The body did not arrive in time"));
      const left = Math.min(limits.stall * 1000, deadline - performance.now());
      timer = setTimeout(late, Math.max(0, left));
      chunks.next().then(resolve, (error: unknown) => reject(cutShort(error)));
    }).finally(() => clearTimeout(timer));
  }
  return {
    breath,
    async next() {
      const others = breath.take();
      if (others !== undefined) await others;
      if (done) return undefined;
      const { value } = await arrival();
      if (value === undefined) {
        done = true;
        if (declared !== undefined && size < declared) throw cutShort();
        return undefined;
      }
      size += value.byteLength;
      if (size > limits.size) throw tooLarge();
      return value;
    },
    stop() {
      if (done) return;
      done = true;
      clearTimeout(timer);
      void chunks.return?.();
    },
  };
}

/**
 * The rest of a body that is not read is received and dropped. Canceling it would close the connection before the client has
 * its response, and leaving it would block the connection.
 */
function chunksOf({ incoming, raw }: Exchange): AsyncIterator<Uint8Array, undefined> {
  if (incoming !== undefined) {
    const chunks: AsyncIterator<Uint8Array, undefined> = incoming.iterator({ destroyOnReturn: false });
    return {
      next: () => chunks.next(),
      async return() {
        await chunks.return?.();
        incoming.resume();
        return { done: true, value: undefined };
      },
    };
  }
  const reader = raw.body!.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    async return() {
      // Deno drops it itself, and a read that is pending when the response is sent never ends there.
      if (!("Deno" in globalThis)) drain(reader).catch(() => {});
      return { done: true, value: undefined };
    },
  };
}

async function drain(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
  while (!(await reader.read()).done);
}

function declaredLength({ raw }: Exchange): number | undefined {
  const header = raw.headers.get("content-length");
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}
