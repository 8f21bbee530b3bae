import { Buffer } from "node:buffer";
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { ConfigError } from "../../errors.ts";

/** 32 random bytes: as bytes, as 64 hexadecimal digits, or as 43 characters of base64url. */
export type EncryptionKey = Uint8Array | string;

/** Keys by name. The first one encrypts, all of them decrypt. */
export type EncryptionKeys = Readonly<Record<string, EncryptionKey>>;

/** One of the keys, from which the keys of single sessions are derived. */
export interface MasterKey {
  readonly name: string;
  /** HKDF's pseudorandom key (RFC 5869, 2.2, without a salt). */
  readonly extracted: KeyObject;
}

export interface Keyring {
  /** The key that encrypts. */
  readonly current: MasterKey;
  /** All keys, which decrypt. */
  readonly byName: ReadonlyMap<string, MasterKey>;
}

/** A letter first, so that no name is an index, which an object would list before all others. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const SIZE = 32;
const NO_SALT = Buffer.alloc(SIZE);

/** Checks every key. Throws ConfigError `keys`, whose message contains no part of a key. */
export function resolveKeys(keys: EncryptionKeys): Keyring {
  if (typeof keys !== "object" || keys === null || Array.isArray(keys) || ArrayBuffer.isView(keys))
    throw wrong("pass named keys, such as { k1: process.env.SESSION_KEY }");
  const byName = new Map<string, MasterKey>();
  for (const [name, key] of Object.entries(keys)) {
    if (!NAME.test(name)) throw wrong("a name is a letter and then up to 31 letters, digits, _ or -");
    byName.set(name, { name, extracted: extract(bytesOf(name, key)) });
  }
  const [current] = byName.values();
  if (current === undefined) throw wrong("pass at least one key, such as { k1: process.env.SESSION_KEY }");
  return { current, byName };
}

/** Returns the key of one session: HKDF-Expand with SHA-256 (RFC 5869, 2.3), one block. */
export function sessionKey(master: MasterKey, info: string): KeyObject {
  return createSecretKey(createHmac("sha256", master.extracted).update(info).update("\u0001").digest());
}

function extract(bytes: Uint8Array): KeyObject {
  return createSecretKey(createHmac("sha256", NO_SALT).update(bytes).digest());
}

function bytesOf(name: string, key: unknown): Uint8Array {
  const bytes = typeof key === "string" ? decoded(key) : key;
  if (!(bytes instanceof Uint8Array) || bytes.length !== SIZE)
    throw wrong(`"${name}" must be 32 bytes, or their 64 hexadecimal digits or 43 characters of base64url`);
  if (bytes.every((byte) => byte === 0)) throw wrong(`"${name}" is all zeros. Use 32 random bytes`);
  return bytes;
}

function decoded(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

function wrong(message: string): ConfigError {
  return new ConfigError("keys", message);
}
