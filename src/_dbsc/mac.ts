import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 16;
const NONCE_BYTES = 6;
/** 128 bits, base64url. */
const LENGTH = 22;

/** Returns a new secret for a binding: 128 bits from the system's CSPRNG, base64url. */
export function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** Returns a text that nobody had before: 48 bits, base64url. */
export function createNonce(): string {
  return randomBytes(NONCE_BYTES).toString("base64url");
}

/** Returns `text`, a dot, and its HMAC-SHA-256, cut to 128 bits. `purpose` keeps texts of different kinds apart. */
export function signed(secret: string, purpose: string, text: string): string {
  return `${text}.${macOf(secret, purpose, text)}`;
}

/** Returns the text that `signed` was given; undefined for anything that it did not return. */
export function textIn(secret: string, purpose: string, value: string): string | undefined {
  const dot = value.length - LENGTH - 1;
  if (dot < 1 || value[dot] !== ".") return undefined;
  const text = value.slice(0, dot);
  const mac = Buffer.from(macOf(secret, purpose, text), "latin1");
  const given = Buffer.from(value.slice(dot + 1), "latin1");
  return given.length === mac.length && timingSafeEqual(given, mac) ? text : undefined;
}

/** How long a tag is. */
export const TAG_LENGTH = 8;

/** Returns a public name for a secret: 48 bits of a MAC, base64url. */
export function tagOf(secret: string): string {
  return macOf(secret, "tag", "").slice(0, TAG_LENGTH);
}

function macOf(secret: string, purpose: string, text: string): string {
  return createHmac("sha256", secret).update(`${purpose}.${text}`).digest("base64url").slice(0, LENGTH);
}
