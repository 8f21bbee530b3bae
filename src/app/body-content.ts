import type { UploadedFile } from "./file.ts";

/** What was read of a request's body. Which members are there depends on the kind of body. */
export interface Body {
  /** The whole body as it arrived; not there for a stream or a multipart form. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly json?: unknown;
  /** The values of each field of a form. Grows while a multipart form arrives. */
  readonly fields?: ReadonlyMap<string, readonly string[]>;
  readonly files?: AsyncIterable<UploadedFile>;
  readonly stream?: () => ReadableStream<Uint8Array>;
  /** Stops reading the rest of the body. */
  close?(): void;
}

/** Adds a value to a field of a form. A field can have several values. */
export function addField(fields: Map<string, string[]>, name: string, value: string): void {
  const values = fields.get(name);
  if (values === undefined) fields.set(name, [value]);
  else values.push(value);
}
