import { Buffer } from "node:buffer";
import { DataError } from "../../errors.ts";
import type { StoredRecord } from "../../record/record.ts";

/** Returns the record that a store has under this key. Throws if it is something else. */
export function recordIn(text: string, key: string): StoredRecord {
  const record = JSON.parse(text) as Partial<StoredRecord> | null;
  if (typeof record?.data === "string" && typeof record.expiresAt === "number") return record as StoredRecord;
  throw new Error(`what is stored under ${key} is not a session`);
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
  for (const [key, value] of Object.entries(JSON.parse(data))) {
    const size = Buffer.byteLength(JSON.stringify(value));
    if (size > most) [largest, most] = [key, size];
  }
  return new DataError(
    "too_large",
    largest,
    `The session takes more than the ${maxBytes} bytes that its store can hold; session.${largest} alone has ${most}.`,
  );
}
