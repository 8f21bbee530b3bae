import type { Readable } from "node:stream";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import type { Body } from "./body.ts";
import { cutShort, openBody, tooLarge } from "./body-source.ts";
import type { Exchange } from "./exchange.ts";
import { addField } from "./fields.ts";
import { contentOf, UploadedFile } from "./file.ts";
import { HttpError } from "./http-error.ts";
import type { BodyLimits } from "./limits.ts";

interface Arriving {
  readonly file: UploadedFile;
  readonly content: Readable;
  readonly skip: () => void;
}

/**
 * Reads a multipart form up to its first file, and the rest while the handler takes the files. Holds the fields, and
 * of a file no more than a chunk. Throws HttpError 400, 408 and 413, here or where the handler reads on.
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
  let wake: () => void = () => {};
  let changed: Promise<void> = new Promise((resolve) => {
    wake = resolve;
  });

  const parser = openParser(contentType, limits);
  const source = openBody(exchange, { size, total, stall });

  function notify(): void {
    wake();
    changed = new Promise((resolve) => {
      wake = resolve;
    });
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
      // A file that nobody reads keeps the parser from taking more; the end of the request frees it.
      await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
    }
    if (!ended) parser.end();
    // Something may follow the last part.
    source.stop();
  }
  pump().catch(fail);

  while (!ended && waiting.length === 0) await changed;
  if (failure !== undefined) throw failure;

  async function next(): Promise<IteratorResult<UploadedFile, undefined>> {
    current?.skip();
    current = undefined;
    while (!ended && waiting.length === 0) await changed;
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
