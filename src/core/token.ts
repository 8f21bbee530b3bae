import { Buffer } from "node:buffer";
import { hash, randomBytes, timingSafeEqual } from "node:crypto";

const HANDLE_BYTES = 12;
const SECRET_BYTES = 24;
/** 96 bits: what the store's key, lists, logs and indexes use. Public. */
const HANDLE_LENGTH = 16;
const TOKEN_LENGTH = 48;
const SHAPE = /^[\w-]{48}$/;

/** A fresh secret for a session: the only moment at which its cookie's value is known. */
export interface Token {
  readonly handle: string;
  /** The cookie's value: handle, then 192 secret bits, base64url. */
  readonly value: string;
  readonly secretHash: string;
}

/**
 * Makes a token from the system's CSPRNG; for a rotation, with the handle that it keeps.
 * If there is no randomness it throws, and the request fails (ASVS 7.2.3, NIST SP 800-63B-4 5.1).
 */
export function createToken(handle?: string): Token {
  const bytes = randomBytes(HANDLE_BYTES + SECRET_BYTES);
  const kept = handle ?? bytes.toString("base64url", 0, HANDLE_BYTES);
  const secret = bytes.toString("base64url", HANDLE_BYTES);
  return { handle: kept, value: kept + secret, secretHash: hash("sha256", secret, "base64url") };
}

/** A handle for a session that is not stored yet. */
export function createHandle(): string {
  return randomBytes(HANDLE_BYTES).toString("base64url");
}

/** The token that always follows from a text, which nobody may be able to guess. */
export function tokenFrom(text: string): Token {
  const handle = handleFrom(`handle ${text}`);
  const secret = hash("sha256", `micropie legacy secret ${text}`, "base64url").slice(
    HANDLE_LENGTH - TOKEN_LENGTH,
  );
  return { handle, value: handle + secret, secretHash: hash("sha256", secret, "base64url") };
}

/** The handle that always follows from a text. */
export function handleFrom(text: string): string {
  return hash("sha256", `micropie legacy ${text}`, "base64url").slice(0, HANDLE_LENGTH);
}

/** Whether a cookie's value has the shape of a token. Anything else is "no session" and never reaches a store. */
export function isToken(value: string): boolean {
  return value.length === TOKEN_LENGTH && SHAPE.test(value);
}

/** Whether a text has the shape of a handle. */
export function isHandle(text: string): boolean {
  return text.length === HANDLE_LENGTH && /^[\w-]+$/.test(text);
}

export function handleOf(token: string): string {
  return token.slice(0, HANDLE_LENGTH);
}

/** SHA-256 of the token's secret, base64url: all that a store ever learns of it. */
export function secretHashOf(token: string): string {
  return hash("sha256", token.slice(HANDLE_LENGTH), "base64url");
}

const HASH_LENGTH = 43;
// For all comparisons: making two anew for each would cost more than the comparison.
const left = Buffer.alloc(HASH_LENGTH);
const right = Buffer.alloc(HASH_LENGTH);

/** Compares two hashes in constant time. */
export function sameHash(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  if (one.length !== HASH_LENGTH)
    return timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"));
  left.write(one, "latin1");
  right.write(other, "latin1");
  return timingSafeEqual(left, right);
}
