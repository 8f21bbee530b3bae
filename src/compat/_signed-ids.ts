import { Buffer } from "node:buffer";
import { type CipherKey, createHmac, timingSafeEqual } from "node:crypto";
import { findValues } from "../core/token.ts";

/** The cookie's value for a session id: `s:<id>.<HMAC-SHA256>`, not yet percent-encoded. */
export function signed(id: string, secret: CipherKey): string {
  return `s:${id}.${macOf(id, secret)}`;
}

/** The id in a cookie's value that one of the secrets has signed; undefined for any other value. */
export function unsigned(value: string, secrets: readonly CipherKey[]): string | undefined {
  if (!value.startsWith("s:")) return undefined;
  const dot = value.lastIndexOf(".");
  if (dot <= 2) return undefined;
  const id = value.slice(2, dot);
  const mac = Buffer.from(value.slice(dot + 1));
  for (const secret of secrets) {
    const right = Buffer.from(macOf(id, secret));
    if (right.length === mac.length && timingSafeEqual(right, mac)) return id;
  }
  return undefined;
}

/** Every id that is signed, in the order the browser sent them, each once. */
export function signedIds(header: string, name: string, secrets: readonly CipherKey[]): string[] {
  const ids: string[] = [];
  for (const value of findValues(header, name)) {
    const id = unsigned(decoded(value), secrets);
    if (id !== undefined && !ids.includes(id)) ids.push(id);
  }
  return ids;
}

function macOf(id: string, secret: CipherKey): string {
  return createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
}

function decoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
