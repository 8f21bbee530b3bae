import { Buffer } from "node:buffer";
import type { DataChanges, SessionData } from "../backends/backend.ts";
import { DataError } from "../errors.ts";

/** Compares two encoded texts key by key: what `to` sets or has no more. Nothing for the same data in another order. */
export function changesBetween(from: string, to: string): DataChanges {
  const before = JSON.parse(from) as SessionData;
  const after = JSON.parse(to) as SessionData;
  const set = new Map<string, string>();
  for (const key of Object.keys(after)) {
    const text = JSON.stringify(after[key]);
    if (!Object.hasOwn(before, key) || JSON.stringify(before[key]) !== text) set.set(key, text);
  }
  return { set, unset: Object.keys(before).filter((key) => !Object.hasOwn(after, key)) };
}

/** Whether anything differs. Two texts of one length may be one dictionary in another order. */
export function isChanged(from: string, to: string): boolean {
  if (from === to) return false;
  // Another order has the same characters, and counting them is a fraction of the work of reading both.
  if (from.length !== to.length || sumOf(from) !== sumOf(to)) return true;
  const { set, unset } = changesBetween(from, to);
  return set.size > 0 || unset.length > 0;
}

function sumOf(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum += text.charCodeAt(at);
  return sum;
}

/** Throws DataError `too_large`, naming the largest key, if the text has more than `maxBytes` bytes. */
export function checkSize(text: string, maxBytes: number): void {
  // A UTF-16 unit is at most three bytes of UTF-8: most texts need no count.
  if (text.length * 3 <= maxBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  const data = JSON.parse(text) as SessionData;
  let largest = "";
  let most = -1;
  for (const key of Object.keys(data)) {
    const size = Buffer.byteLength(JSON.stringify(data[key]));
    if (size > most) {
      largest = key;
      most = size;
    }
  }
  throw new DataError(
    "too_large",
    largest,
    `The session has ${bytes} bytes, over maxBytes (${maxBytes}); session.${largest} alone has ${most}. ` +
      "Keep large data elsewhere and its id in the session.",
  );
}
