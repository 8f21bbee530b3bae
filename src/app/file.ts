import type { Readable } from "node:stream";
import { cutShort, HttpError } from "./http-error.ts";

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
   * limits, 408 if the client stalls, and 400 if it disconnects.
   */
  readonly stream: ReadableStream<Uint8Array>;

  constructor(name: string, filename: string, type: string, stream: ReadableStream<Uint8Array>) {
    this.name = name;
    this.filename = filename;
    this.type = type;
    this.stream = stream;
  }

  /** Returns the whole content. It must fit into memory. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Response(this.stream).arrayBuffer());
  }

  /** Returns the whole content, decoded as UTF-8. */
  text(): Promise<string> {
    return new Response(this.stream).text();
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
          if (!skipping) controller.error(error instanceof HttpError ? error : cutShort(error));
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
      if (!skipping && begun && !content.readableEnded && !content.destroyed) {
        controller.error(new Error("The file was skipped, because the next file was requested."));
      }
      skip();
    },
  };
}
