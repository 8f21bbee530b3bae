import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";

/** Begins every sealed value, with the version of its form. */
const TAG = "sealed1.";
const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FORM = /^sealed1\.([A-Za-z][A-Za-z0-9_-]{0,31})\.([A-Za-z0-9_-]{38,})$/;

/** What a value is a member of: a record, or a dictionary that is no record. */
export type Purpose = "record" | "dictionary";

/** Part of what every key is derived from and every value is bound to, so that other uses of the same key open none. */
const FORMAT = "micropie/sealed/1";

/** Returns what the key of one session is derived with. */
export function keyInfo(handle: string): string {
  return JSON.stringify([FORMAT, handle]);
}

/** Returns `sealed1.<name of the key>.<base64url of iv, ciphertext and tag>`: AES-256-GCM with a new random iv. */
export function seal(key: KeyObject, name: string, place: Place, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(name, place));
  const parts = [iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
  return `${TAG}${name}.${Buffer.concat(parts).toString("base64url")}`;
}

/** Where a sealed value is. Moved to any other place, it does not open. */
export interface Place {
  readonly purpose: Purpose;
  readonly handle: string;
  readonly key: string;
}

/** Returns the parts of a sealed value, or undefined if the text is not one. */
export function parseSealed(text: unknown): { name: string; body: Buffer } | undefined {
  const [, name, encoded] = (typeof text === "string" && FORM.exec(text)) || [];
  if (name === undefined || encoded === undefined) return undefined;
  const body = Buffer.from(encoded, "base64url");
  // Several texts decode to the same bytes; only the one that `seal` writes is accepted.
  return body.toString("base64url") === encoded ? { name, body } : undefined;
}

/** Returns whether it looks like a sealed value, whole or not. */
export function looksSealed(value: unknown): boolean {
  return typeof value === "string" && /^sealed\d+\./.test(value);
}

/** Returns the text that was sealed; undefined if one bit of it, its key or its place differs. */
export function open(key: KeyObject, name: string, place: Place, body: Buffer): string | undefined {
  const decipher = createDecipheriv(CIPHER, key, body.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(name, place));
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  const text = decipher.update(body.subarray(IV_BYTES, -TAG_BYTES), undefined, "utf8");
  try {
    return text + decipher.final("utf8");
  } catch {
    return undefined;
  }
}

function associated(name: string, { purpose, handle, key }: Place): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, purpose, name, handle, key]));
}
