import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { addField, type Body } from "./body-content.ts";
import { openBody } from "./body-source.ts";
import type { Exchange } from "./exchange.ts";
import { contentOf, UploadedFile } from "./file.ts";
import { cutShort, HttpError, tooLarge } from "./http-error.ts";
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
  limits: Required<BodyLimits>,
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
    failure = error instanceof HttpError ? error : new HttpError(400, "Bad multipart form", { cause: error });
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
      waiting.push({ file: new UploadedFile(name ?? "", filename ?? "", type, stream), content, skip });
      notify();
    },
  );
  parser.on("filesLimit", () => fail(new HttpError(413, "The form has too many files")));
  parser.on("fieldsLimit", () => fail(new HttpError(413, "The form has too many fields")));
  parser.on("error", fail);
  parser.on("finish", () => {
    ended = true;
    notify();
  });

  async function pump(): Promise<void> {
    for (let chunk = await source.next(); chunk && !ended; chunk = await source.next()) {
      // An unread file blocks the parser. The end of the request closes it.
      await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
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
    close: () => fail(cutShort()),
  };
}

function openParser(contentType: string, limits: Required<BodyLimits>): BusboyInstance {
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
