import type { IncomingMessage } from "node:http";
import { HttpError } from "micropie";
import type { Form } from "./site.ts";

const MOST_BYTES = 100_000;

/** Returns what a form has sent. Throws HttpError 413 if it is too large. */
export async function formOf(req: IncomingMessage): Promise<Form> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) throw new HttpError(413, "The form is too large.");
    parts.push(part);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString("utf8")));
}
