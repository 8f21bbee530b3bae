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
export function createToken(realm: string, handle?: string): Token {
  const bytes = randomBytes(HANDLE_BYTES + SECRET_BYTES);
  const kept = handle ?? bytes.toString("base64url", 0, HANDLE_BYTES);
  const value = kept + bytes.toString("base64url", HANDLE_BYTES);
  return { handle: kept, value, secretHash: secretHashOf(realm, value) };
}

/** A handle for a session that is not stored yet. */
export function createHandle(): string {
  return randomBytes(HANDLE_BYTES).toString("base64url");
}

/** Returns true if a cookie's value has the shape of a token. Anything else is "no session" and never reaches a store. */
export function isToken(value: string): boolean {
  return value.length === TOKEN_LENGTH && SHAPE.test(value);
}

/** Returns true if a text has the shape of a handle. */
export function isHandle(text: string): boolean {
  return text.length === HANDLE_LENGTH && /^[\w-]+$/.test(text);
}

export function handleOf(token: string): string {
  return token.slice(0, HANDLE_LENGTH);
}

/**
 * SHA-256 of the token's secret and the realm, base64url: all that a store ever learns of it. A secret has 32 characters,
 * so nothing of it can pass for a part of a realm.
 */
export function secretHashOf(realm: string, token: string): string {
  return hash("sha256", token.slice(HANDLE_LENGTH) + realm, "base64url");
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

/**
 * A browser may hold several cookies of one name (another path, a parent domain). No request tries more than these: the
 * first half and the last, so that what somebody put before all others hides none.
 */
const MAX_TOKENS = 8;
const HALF: number = MAX_TOKENS / 2;
const SEMICOLON = 59;
const SPACE = 32;
const TAB = 9;
const QUOTE = 34;

export interface FoundTokens {
  /** Well-formed tokens, in the order the browser sent them, each once. */
  readonly tokens: readonly string[];
  /** True if there was a cookie of this name at all, well-formed or not. */
  readonly present: boolean;
  /** True if there were more tokens than a request tries. */
  readonly crowded: boolean;
}

/** What a cookie of a name looks like with a token in it, and with anything. One pair of expressions for each name. */
const patterns = new Map<string, { readonly token: RegExp; readonly name: RegExp }>();

/**
 * Finds the tokens of one cookie in a Cookie header. Names are compared exactly, byte for byte: no percent-decoding
 * and no trimming that could make one name look like another (RFC 6265bis 5.6, CVE-2022-31629). A value in double
 * quotes is taken without them. Never throws; linear in the header's length.
 */
export function findTokens(header: string, name: string): FoundTokens {
  let pattern = patterns.get(name);
  if (pattern === undefined) {
    const start = `(?:^|;)[ \\t]*${name.replace(/[.*+?^$|]/g, "\\$&")}=`;
    const token = new RegExp(`${start}[ \\t]*("?)([\\w-]{${TOKEN_LENGTH}})\\1[ \\t]*(?=;|$)`, "g");
    pattern = { token, name: new RegExp(start) };
    patterns.set(name, pattern);
  }
  const tokens: string[] = [];
  let crowded = false;
  pattern.token.lastIndex = 0;
  for (let found = pattern.token.exec(header); found !== null; found = pattern.token.exec(header)) {
    if (tokens.includes(found[2]!) || tokens.push(found[2]!) <= MAX_TOKENS) continue;
    tokens.splice(HALF, 1);
    crowded = true;
  }
  return { tokens, present: tokens.length > 0 || pattern.name.test(header), crowded };
}

/** The values of the cookies of one name, whatever they are, in order; no more than `findTokens` would try. */
export function findValues(header: string, name: string): string[] {
  const needle = `${name}=`;
  const values: string[] = [];
  let at = header.indexOf(needle);
  while (at !== -1 && values.length < MAX_TOKENS) {
    const start = at + needle.length;
    if (startsCookie(header, at)) {
      const semicolon = header.indexOf(";", start);
      values.push(trimmed(header, start, semicolon === -1 ? header.length : semicolon));
    }
    at = header.indexOf(needle, start);
  }
  return values;
}

function startsCookie(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isSpace(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

function trimmed(header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(header.charCodeAt(start))) start++;
  while (end > start && isSpace(header.charCodeAt(end - 1))) end--;
  if (end - start > 1 && header.charCodeAt(start) === QUOTE && header.charCodeAt(end - 1) === QUOTE) {
    start++;
    end--;
  }
  return header.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}
