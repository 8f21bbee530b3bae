import type { Readable } from "node:stream";
import { cutShort } from "./body-source.ts";
import { HttpError } from "./http-error.ts";

/** A file of a multipart form while it arrives. Read it once: by `stream`, `bytes` or `text`. */
export class UploadedFile {
  /** The form field's name. */
  readonly name: string;
  /** The file's name as the client says, without folders; empty if it gave none. Never use it as a path. */
  readonly filename: string;
  /** The media type as the client says. Not checked. */
  readonly type: string;
  /**
   * The content. A slow reader slows the client down; nothing is buffered. It ends in HttpError 413 beyond the limits,
   * 408 if the client stalls, and 400 if it leaves.
   */
  readonly stream: ReadableStream<Uint8Array>;

  constructor(name: string, filename: string, type: string, stream: ReadableStream<Uint8Array>) {
    this.name = name;
    this.filename = filename;
    this.type = type;
    this.stream = stream;
  }

  /** The whole content, in memory. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Response(this.stream).arrayBuffer());
  }

  /** The whole content as UTF-8 text. */
  text(): Promise<string> {
    return new Response(this.stream).text();
  }
}

/** A web stream of a file's content, and what skips the rest of it, so that the form goes on. */
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
      // The rest of the form comes after this file, so it is skipped, not cut.
      cancel: skip,
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    skip() {
      if (!skipping && begun && !content.readableEnded && !content.destroyed) {
        controller.error(new Error("The file was skipped, because the next one was asked for."));
      }
      skip();
    },
  };
}
