import { Buffer } from "node:buffer";
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { ConfigError } from "../../errors.ts";

/** 32 random bytes: as bytes, as 64 hexadecimal digits, or as 43 characters of base64url. */
export type EncryptionKey = Uint8Array | string;

/** Keys by name, the one that seals first; or the same as a list. */
export type EncryptionKeys =
  | Readonly<Record<string, EncryptionKey>>
  | readonly { readonly name: string; readonly key: EncryptionKey }[];

/** One of the keys: what the keys of single sessions are made from. */
export interface MasterKey {
  readonly name: string;
  /** HKDF's pseudorandom key (RFC 5869, 2.2, without a salt). */
  readonly extracted: KeyObject;
}

export interface Keyring {
  /** Seals. */
  readonly current: MasterKey;
  /** All of them open. */
  readonly byName: ReadonlyMap<string, MasterKey>;
}

/** A letter first, so that no name is an index, which an object would list before all others. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const SIZE = 32;
const NO_SALT = Buffer.alloc(SIZE);

/** Checks every key. Throws ConfigError `keys` or `current`; no message has any part of a key. */
export function resolveKeys(keys: EncryptionKeys, current: string | undefined): Keyring {
  const byName = new Map<string, MasterKey>();
  for (const [name, key] of entriesOf(keys)) {
    if (typeof name !== "string" || !NAME.test(name))
      throw wrong("a name has a letter and then up to 31 letters, digits, _ or -");
    if (byName.has(name)) throw wrong(`there are two keys named "${name}"`);
    byName.set(name, { name, extracted: extract(bytesOf(name, key)) });
  }
  const [first] = byName.values();
  if (first === undefined) throw wrong("give at least one key, such as { k1: process.env.SESSION_KEY }");
  const sealing = current === undefined ? first : byName.get(current);
  if (sealing === undefined) throw new ConfigError("current", "must be the name of one of the keys");
  return { current: sealing, byName };
}

/** The key of one session: HKDF-Expand with SHA-256 (RFC 5869, 2.3), one block. */
export function sessionKey(master: MasterKey, info: string): KeyObject {
  return createSecretKey(createHmac("sha256", master.extracted).update(info).update("\u0001").digest());
}

function extract(bytes: Uint8Array): KeyObject {
  return createSecretKey(createHmac("sha256", NO_SALT).update(bytes).digest());
}

function entriesOf(keys: unknown): [unknown, unknown][] {
  if (Array.isArray(keys)) {
    return keys.map((each: unknown) => {
      const { name, key } = Object(each) as { name?: unknown; key?: unknown };
      return [name, key];
    });
  }
  if (typeof keys === "object" && keys !== null && !ArrayBuffer.isView(keys)) return Object.entries(keys);
  throw wrong("give named keys, such as { k1: process.env.SESSION_KEY }, or a list of { name, key }");
}

function bytesOf(name: string, key: unknown): Uint8Array {
  const bytes = typeof key === "string" ? decoded(key) : key;
  if (!(bytes instanceof Uint8Array) || bytes.length !== SIZE)
    throw wrong(`"${name}" must be 32 bytes, or their 64 hexadecimal digits or 43 characters of base64url`);
  if (bytes.every((byte) => byte === 0)) throw wrong(`"${name}" is all zeros. Take 32 random bytes`);
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
