import { Buffer } from "node:buffer";
import type { SessionData } from "../backends/backend.ts";

/** A copy of stored data without the library's own members; undefined if it is not an object. Any key is just data. */
export function dataOf(stored: unknown, bookkeeping: readonly string[]): SessionData | undefined {
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return undefined;
  const data: SessionData = Object.create(null);
  for (const [key, value] of Object.entries(stored)) {
    if (!bookkeeping.includes(key) && typeof value !== "function") data[key] = value;
  }
  return data;
}

/** Parses base64 of the JSON text of an object; undefined for anything else. */
export function fromBase64(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}

/** A time in milliseconds that some libraries store for each session, as a lifetime in seconds. */
export function lifetimeOf(maxAge: unknown): { idleTimeout: number; persistent: true } | undefined {
  if (typeof maxAge !== "number" || !(maxAge > 0)) return undefined;
  return { idleTimeout: maxAge / 1000, persistent: true };
}
