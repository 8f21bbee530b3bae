import type { Awaitable } from "../backends/backend.ts";
import { addField, type Body } from "./body-content.ts";
import { type BodySource, openBody } from "./body-source.ts";
import type { Exchange } from "./exchange.ts";
import { HttpError } from "./http-error.ts";
import type { BodyLimits } from "./limits.ts";

/** Returns true if the request can have a body. A body of GET or HEAD has no meaning (RFC 9110 9.3.1) and is not read. */
export function mayHaveBody(exchange: Exchange): boolean {
  return exchange.method !== "GET" && exchange.method !== "HEAD";
}

/**
 * Reads JSON and urlencoded bodies completely, and a multipart form up to its first file. Other bodies remain streams.
 * Throws HttpError 400, 408, 413 or 415.
 */
export function readBody(exchange: Exchange, limits: Required<BodyLimits>): Awaitable<Body | undefined> {
  if (!hasBody(exchange)) return undefined;
  const header = exchange.raw.headers.get("content-type") ?? "";
  const type = (header.split(";", 1)[0] ?? "").trim().toLowerCase();
  if (type === "application/json" || type.endsWith("+json")) return readJson(exchange, limits);
  if (type === "application/x-www-form-urlencoded") return readForm(exchange, limits);
  if (type === "multipart/form-data") {
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

async function readJson(exchange: Exchange, limits: Required<BodyLimits>): Promise<Body> {
  const bytes = await readWhole(exchange, limits);
  if (bytes.byteLength === 0) return {};
  try {
    return { json: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch (cause) {
    throw new HttpError(400, "Bad JSON", { cause });
  }
}

async function readForm(exchange: Exchange, limits: Required<BodyLimits>): Promise<Body> {
  const text = new TextDecoder().decode(await readWhole(exchange, limits));
  const fields = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > limits.fields) throw new HttpError(413, "The form has too many fields");
    addField(fields, name, value);
  }
  return { fields };
}

async function readWhole(exchange: Exchange, limits: Required<BodyLimits>): Promise<Uint8Array> {
  refuseEncoding(exchange);
  const { bodySize: size, bodyTimeout } = limits;
  const source = openBody(exchange, { size, total: bodyTimeout, stall: bodyTimeout });
  const chunks: Uint8Array[] = [];
  try {
    for (let chunk = await source.next(); chunk; chunk = await source.next()) chunks.push(chunk);
  } finally {
    source.stop();
  }
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** A body that is not opened until the handler asks for it. */
function leave(exchange: Exchange, limits: Required<BodyLimits>): Body {
  const { uploadSize: size, uploadTimeout: total, stallTimeout: stall } = limits;
  let source: BodySource | undefined;
  let stream: ReadableStream<Uint8Array> | undefined;
  return {
    stream() {
      if (stream !== undefined) return stream;
      const opened = openBody(exchange, { size, total, stall });
      source = opened;
      stream = new ReadableStream(
        {
          async pull(controller) {
            const chunk = await opened.next();
            if (chunk === undefined) controller.close();
            else controller.enqueue(chunk);
          },
          cancel: () => opened.stop(),
        },
        { highWaterMark: 0 },
      );
      return stream;
    },
    close: () => source?.stop(),
  };
}
