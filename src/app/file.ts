import type { Readable } from "node:stream";
import { BodyGoneError, cutShort, HttpError } from "./http-error.ts";

/** A file of a multipart form, streamed while it arrives. Read it once: with `stream`, `bytes` or `text`. */
export class UploadedFile {
  /** The name of the form field. */
  readonly name: string;
  /** The file name that the client sent, without folders; empty if it sent none. Never use it as a path. */
  readonly filename: string;
  /** The media type that the client sent. Not checked. */
  readonly type: string;
  /**
   * The content. A slow reader slows the client down; the file is not buffered. Reading fails with HttpError 413 above the
   * limits, 408 if the client stalls, and 400 if it disconnects; with BodyGoneError once the next file was requested, or the
   * request is over.
   */
  readonly stream: ReadableStream<Uint8Array>;

  constructor(name: string, filename: string, type: string, stream: ReadableStream<Uint8Array>) {
    this.name = name;
    this.filename = filename;
    this.type = type;
    this.stream = stream;
  }

  /** Returns the whole content. It must fit into memory. Throws BodyGoneError if any of it was read before. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.#whole().arrayBuffer());
  }

  /** Returns the whole content, decoded as UTF-8. Throws BodyGoneError if any of it was read before. */
  async text(): Promise<string> {
    return this.#whole().text();
  }

  #whole(): Response {
    try {
      return new Response(this.stream);
    } catch (cause) {
      throw new BodyGoneError("The file was read already. Keep what you read of it.", { cause });
    }
  }
}

/** Returns a web stream of a file's content, and a function that skips the rest of it, so that the form can continue. */
export function contentOf(content: Readable): { stream: ReadableStream<Uint8Array>; skip: () => void } {
  let skipping = false;
  let begun = false;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  function skip(): void {
    skipping = true;
    content.resume();
  }
  function begin(): void {
    begun = true;
    content.on("data", (chunk: Uint8Array) => {
      if (skipping) return;
      controller.enqueue(chunk);
      content.pause();
    });
    content.on("end", () => {
      if (!skipping) controller.close();
    });
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened;
        content.on("error", (error) => {
          const isOurs = error instanceof HttpError || error instanceof BodyGoneError;
          controller.error(isOurs ? error : cutShort(error));
        });
      },
      pull() {
        if (!begun) begin();
        content.resume();
      },
      // The rest of the form follows this file, so the file is skipped and not destroyed.
      cancel: skip,
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    skip() {
      if (!skipping && !content.readableEnded && !content.destroyed) {
        controller.error(
          new BodyGoneError(
            "The file is gone, because the next file was requested. Read each file before you request the next.",
          ),
        );
      }
      skip();
    },
  };
}
