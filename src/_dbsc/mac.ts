import { hash, randomBytes } from "node:crypto";
import { sameHash } from "../core/token.ts";

const SECRET_BYTES = 16;
const NONCE_BYTES = 6;
/** 256 bits, base64url. */
const LENGTH = 43;
/** 48 bits, base64url. */
export const TAG_LENGTH = 8;

/** Returns a new secret for a binding: 128 bits from the system's CSPRNG, base64url. */
export function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** Returns a text that nobody had before: 48 bits, base64url. */
export function createNonce(): string {
  return randomBytes(NONCE_BYTES).toString("base64url");
}

/** Returns `text`, a dot, and its MAC. `purpose` keeps texts of different kinds apart. */
export function signed(secret: string, purpose: string, text: string): string {
  return `${text}.${macOf(secret, purpose, text)}`;
}

/** Returns the text that `signed` was given; undefined for anything that it did not return. Compares in constant time. */
export function textIn(secret: string, purpose: string, value: string): string | undefined {
  const dot = value.length - LENGTH - 1;
  if (dot < 1 || value[dot] !== ".") return undefined;
  const text = value.slice(0, dot);
  return sameHash(macOf(secret, purpose, text), value.slice(dot + 1)) ? text : undefined;
}

/** Returns a public name for a secret. */
export function tagOf(secret: string): string {
  return macOf(secret, "tag", "").slice(0, TAG_LENGTH);
}

/**
 * SHA-256 of the secret and the SHA-256 of the secret and the text. Hashing twice is what HMAC does, so that nobody can lengthen
 * a text; all secrets have one length, and need no padding. Two calls of `hash` take a third of the time of `createHmac`.
 */
function macOf(secret: string, purpose: string, text: string): string {
  return hash("sha256", secret + hash("sha256", `${secret}${purpose}.${text}`, "base64url"), "base64url");
}
