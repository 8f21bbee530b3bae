import type { Awaitable } from "../backends/backend.ts";
import type { Resolved } from "../option-names.ts";
import type { Body } from "./body-content.ts";
import { type BodySource, openBody } from "./body-source.ts";
import type { Breath } from "./breath.ts";
import type { Exchange } from "./exchange.ts";
import { BodyGoneError, HttpError } from "./http-error.ts";
import { parseJson } from "./json.ts";
import type { BodyLimits } from "./limits.ts";
import { parseForm } from "./urlencoded.ts";

/** Returns true if the request can have a body. A body of GET or HEAD has no meaning (RFC 9110 9.3.1) and is not read. */
export function mayHaveBody(exchange: Exchange): boolean {
  return exchange.method !== "GET" && exchange.method !== "HEAD";
}

/**
 * Reads JSON and urlencoded bodies completely, and a multipart form up to its first file, unless it is `passedOn`. Other
 * bodies remain streams. Throws HttpError 400, 408, 413 or 415.
 */
export function readBody(
  exchange: Exchange,
  limits: Resolved<BodyLimits>,
  passedOn: boolean,
): Awaitable<Body | undefined> {
  if (!hasBody(exchange)) return undefined;
  const header = exchange.raw.headers.get("content-type") ?? "";
  const type = (header.split(";", 1)[0] ?? "").trim().toLowerCase();
  if (type === "application/json" || type.endsWith("+json")) return readJson(exchange, limits);
  if (type === "application/x-www-form-urlencoded") return readForm(exchange, limits);
  if (type === "multipart/form-data" && !passedOn) {
    refuseEncoding(exchange);
    return import("./multipart.ts").then(({ readMultipart }) => readMultipart(exchange, header, limits));
  }
  return leave(exchange, limits);
}

function hasBody({ incoming, raw }: Exchange): boolean {
  if (incoming === undefined) return raw.body !== null && raw.headers.get("content-length") !== "0";
  const { headers } = incoming;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** A compressed body cannot be limited to a size before it is decompressed. */
function refuseEncoding({ raw }: Exchange): void {
  const encoding = raw.headers.get("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") {
    throw new HttpError(415, "The content-encoding is not supported");
  }
}

async function readJson(exchange: Exchange, limits: Resolved<BodyLimits>): Promise<Body> {
  const { bytes, breath } = await readWhole(exchange, limits);
  if (bytes.byteLength === 0) return { bytes };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { bytes, json: await parseJson(text, breath, limits.members) };
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    throw new HttpError(400, "Bad JSON", { cause });
  }
}

async function readForm(exchange: Exchange, limits: Resolved<BodyLimits>): Promise<Body> {
  const { bytes } = await readWhole(exchange, limits);
  // It overwrites what it parses; `slice` of a Buffer would not copy.
  return { bytes, fields: parseForm(new Uint8Array(bytes), limits.fields) };
}

/** A body that has arrived, in memory that nobody else uses. */
interface Whole {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly breath: Breath;
}

async function readWhole(exchange: Exchange, limits: Resolved<BodyLimits>): Promise<Whole> {
  refuseEncoding(exchange);
  const { bodySize: size, bodyTimeout } = limits;
  const source = openBody(exchange, { size, total: bodyTimeout, stall: bodyTimeout });
  const chunks: Uint8Array[] = [];
  try {
    for (let chunk = await source.next(); chunk; chunk = await source.next()) chunks.push(chunk);
  } finally {
    source.stop();
  }
  const { breath } = source;
  // Node's chunks are its own; those of a Request may be the caller's.
  if (chunks.length === 1 && exchange.incoming !== undefined)
    return { bytes: chunks[0] as Uint8Array<ArrayBuffer>, breath };
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return { bytes: whole, breath };
}

/** A body that is not opened until the handler asks for it. Reading it again, or after the request, fails with BodyGoneError. */
function leave(exchange: Exchange, limits: Resolved<BodyLimits>): Body {
  const { uploadSize: size, uploadTimeout: total, stallTimeout: stall } = limits;
  let source: BodySource | undefined;
  let stream: ReadableStream<Uint8Array> | undefined;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let gone: BodyGoneError | undefined;

  function open(): ReadableStream<Uint8Array> {
    const opened = openBody(exchange, { size, total, stall });
    const read = (): void => {
      gone ??= new BodyGoneError("The body was read already. Keep what you read of it.");
    };
    source = opened;
    return new ReadableStream(
      {
        start(own) {
          controller = own;
        },
        async pull(own) {
          const chunk = await opened.next();
          if (chunk !== undefined) return own.enqueue(chunk);
          read();
          own.close();
        },
        cancel() {
          read();
          opened.stop();
        },
      },
      { highWaterMark: 0 },
    );
  }
  return {
    stream() {
      if (gone !== undefined) return failing(gone);
      stream ??= open();
      return stream;
    },
    close() {
      gone ??= new BodyGoneError("The body is gone, because the request is over. Read it in the handler.");
      controller?.error(gone);
      source?.stop();
    },
  };
}

function failing(error: Error): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.error(error) });
}
