import type { Exchange } from "./exchange.ts";
import { HttpError } from "./http-error.ts";

/** The bytes of a body as they arrive, within limits. */
export interface BodySource {
  /** The next bytes, undefined at the end. Throws HttpError 413, 408, and 400 if the client left in the middle. */
  next(): Promise<Uint8Array | undefined>;
  /** Asks for no more. */
  stop(): void;
}

/** Sizes in bytes, times in seconds. */
export interface SourceLimits {
  readonly size: number;
  /** Until the end of the body, counted from here. */
  readonly total: number;
  /** For one call of `next`. */
  readonly stall: number;
}

/** Opens the body of a request; it can be opened once. Throws HttpError 413 if the body says that it is too long. */
export function openBody(exchange: Exchange, limits: SourceLimits): BodySource {
  const declared = declaredLength(exchange);
  if (declared !== undefined && declared > limits.size) throw tooLarge();
  const chunks = chunksOf(exchange);
  const deadline = performance.now() + limits.total * 1000;
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
    async next() {
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
 * Neither kind cancels what it does not read, which would cut the connection before the client has its answer. The rest
 * of a body is dropped as it comes: where nobody takes it, the connection would stay as it is, and be of no more use.
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
      // Deno drops it by itself, and never ends a read that waits when the answer is out.
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

export function tooLarge(what = "The body"): HttpError {
  return new HttpError(413, `${what} is too large`);
}

export function cutShort(cause?: unknown): HttpError {
  return new HttpError(400, "The body was cut short", { cause });
}
