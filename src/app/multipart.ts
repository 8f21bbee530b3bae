import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import type { Resolved } from "../option-names.ts";
import { addField, type Body } from "./body-content.ts";
import { openBody } from "./body-source.ts";
import type { Exchange } from "./exchange.ts";
import { contentOf, UploadedFile } from "./file.ts";
import { BodyGoneError, HttpError, tooLarge } from "./http-error.ts";
import type { BodyLimits } from "./limits.ts";

interface Arriving {
  readonly file: UploadedFile;
  readonly content: Readable;
  readonly skip: () => void;
}

/**
 * Reads a multipart form up to its first file, and the rest while the handler reads the files. Keeps the fields in memory,
 * and at most one chunk of a file. Throws HttpError 400, 408 or 413, here or when the handler continues to read.
 */
export async function readMultipart(
  exchange: Exchange,
  contentType: string,
  limits: Resolved<BodyLimits>,
): Promise<Body> {
  const { uploadSize: size, uploadTimeout: total, stallTimeout: stall } = limits;
  const fields = new Map<string, string[]>();
  const waiting: Arriving[] = [];
  let current: Arriving | undefined;
  let fieldBytes = 0;
  let ended = false;
  let failure: unknown;
  let changed = Promise.withResolvers<void>();

  const parser = openParser(contentType, limits);
  const source = openBody(exchange, { size, total, stall });

  function notify(): void {
    changed.resolve();
    changed = Promise.withResolvers();
  }
  function fail(error: unknown): void {
    if (ended) return;
    ended = true;
    const isOurs = error instanceof HttpError || error instanceof BodyGoneError;
    failure = isOurs ? error : new HttpError(400, "Bad multipart form", { cause: error });
    source.stop();
    for (const { content } of current === undefined ? waiting : [current, ...waiting]) {
      content.destroy(failure as Error);
    }
    parser.removeAllListeners();
    parser.on("error", () => {});
    parser.destroy();
    notify();
  }

  parser.on("field", (name: string | undefined, value: string, nameCut: boolean, valueCut: boolean) => {
    if (name === undefined) return;
    fieldBytes += name.length + value.length;
    if (nameCut || valueCut || fieldBytes > limits.bodySize) fail(tooLarge("The form"));
    else addField(fields, name, value);
  });
  parser.on(
    "file",
    (
      name: string | undefined,
      content: BusboyFileStream,
      filename?: string,
      _encoding?: string,
      type = "",
    ) => {
      const { stream, skip } = contentOf(content);
      content.on("limit", () => fail(tooLarge("A file")));
      waiting.push({
        file: new UploadedFile(name ?? "", nameWithoutControls(filename), type, stream),
        content,
        skip,
      });
      notify();
    },
  );
  parser.on("filesLimit", () => fail(new HttpError(413, "The form has too many files")));
  parser.on("fieldsLimit", () => fail(new HttpError(413, "The form has too many fields")));
  parser.on("partsLimit", () => fail(new HttpError(413, "The form has too many parts")));
  parser.on("error", fail);
  parser.on("finish", () => {
    ended = true;
    notify();
  });

  async function pump(): Promise<void> {
    for (let chunk = await source.next(); chunk && !ended; chunk = await source.next()) {
      for (const slice of slicesOf(chunk)) {
        const others = source.breath.take();
        if (others !== undefined) await others;
        if (ended) break;
        // An unread file blocks the parser. The end of the request closes it.
        await new Promise<void>((resolve) => parser.write(slice, () => resolve()));
      }
    }
    if (!ended) parser.end();
    // Bytes can follow the last part.
    source.stop();
  }
  pump().catch(fail);

  while (!ended && waiting.length === 0) await changed.promise;
  if (failure !== undefined) throw failure;

  async function next(): Promise<IteratorResult<UploadedFile, undefined>> {
    current?.skip();
    current = undefined;
    while (!ended && waiting.length === 0) await changed.promise;
    if (failure !== undefined) throw failure;
    current = waiting.shift();
    return current === undefined ? { done: true, value: undefined } : { done: false, value: current.file };
  }
  return {
    fields,
    files: { [Symbol.asyncIterator]: () => ({ next }) },
    close: () =>
      fail(new BodyGoneError("The form is gone, because the request is over. Read it in the handler.")),
  };
}

/** What the parser reads at once: in bytes, and in line breaks with two dashes, with which each part begins. */
const SLICE = 16_384;
const SLICE_PARTS = 32;

/** Cuts a chunk, as the parser cannot be interrupted. Each part takes it as long as kilobytes of a file do. */
function* slicesOf(chunk: Uint8Array): Generator<Uint8Array> {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let start = 0; start < bytes.length; ) {
    const slice = bytes.subarray(start, start + SLICE);
    let end = 0;
    for (let parts = 0; parts <= SLICE_PARTS && end !== -1; parts++) end = slice.indexOf("\r\n--", end + 1);
    if (end === -1) end = slice.length;
    yield slice.subarray(0, end);
    start += end;
  }
}

/** Programs in C end a name at NUL, so they would see another name. */
function nameWithoutControls(name = ""): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to remove
  return name.replace(/[\u0000-\u001f\u007f]/g, "");
}

/** RFC 2046 5.1.1. A parser takes as long for each byte as the boundary is. */
const LONGEST_BOUNDARY = 70;

function openParser(contentType: string, limits: Resolved<BodyLimits>): BusboyInstance {
  const [, boundary = ""] = /boundary=("[^"]*"|[^;\s]*)/i.exec(contentType) ?? [];
  if (boundary.length > LONGEST_BOUNDARY + 2)
    throw new HttpError(400, `The boundary has more than ${LONGEST_BOUNDARY} characters`);
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: {
        fieldSize: limits.bodySize,
        fields: limits.fields,
        files: limits.files,
        fileSize: limits.fileSize,
        parts: limits.fields + limits.files,
        headerPairs: 50,
        headerSize: 16_384,
      },
    });
  } catch (cause) {
    throw new HttpError(400, "Missing boundary in the content-type", { cause });
  }
}
