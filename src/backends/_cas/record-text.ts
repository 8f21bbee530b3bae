import { Buffer } from "node:buffer";
import { DataError } from "../../errors.ts";
import { objectIn } from "../../record/data.ts";
import type { StoredRecord } from "../../record/record.ts";

/** Returns the record in a text; undefined if it is something else, or damaged. */
export function recordIn(text: string): StoredRecord | undefined {
  const record: Partial<StoredRecord> = objectIn(text) ?? {};
  return typeof record.data === "string" && typeof record.expiresAt === "number"
    ? (record as StoredRecord)
    : undefined;
}

/** Returns the record as JSON. Throws DataError `too_large`, naming the largest key, if it has more than `maxBytes`. */
export function textOf(record: StoredRecord, maxBytes: number): string {
  const text = JSON.stringify(record);
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) throw tooLarge(record.data, maxBytes);
  return text;
}

function tooLarge(data: string, maxBytes: number): DataError {
  let largest = "";
  let most = -1;
  for (const [key, value] of Object.entries(objectIn(data) ?? {})) {
    const size = Buffer.byteLength(JSON.stringify(value));
    if (size > most) [largest, most] = [key, size];
  }
  return new DataError(
    "too_large",
    largest,
    `The session takes more than the ${maxBytes} bytes that its store can hold; session.${largest} alone has ${most}.`,
  );
}
