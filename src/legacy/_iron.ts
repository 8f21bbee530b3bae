import { Buffer } from "node:buffer";
import { createDecipheriv, createHmac, pbkdf2Sync } from "node:crypto";
import { sameText } from "./_signature.ts";

/** iron-session and hono-sessions take nothing shorter, and a seal made with less is refused. */
export const MIN_PASSWORD = 32;

/** For so long after its time a seal is still taken: clocks differ. */
const SKEW = 60_000;

/** A seal that was opened. */
export interface Unsealed {
  readonly value: unknown;
  /** All of the seal that its own check covers, and the check. */
  readonly seal: string;
}

/**
 * What a seal holds: the format Fe26.2 of @hapi/iron with its usual parameters (PBKDF2 with one round of SHA-1 for both
 * keys, AES-256-CBC, HMAC-SHA256). Undefined if anything is wrong with it, or its time is over. A seal names its
 * password; one that names none is under `default`.
 */
export function unseal(text: string, passwords: ReadonlyMap<string, string>): Unsealed | undefined {
  const parts = text.split("*");
  if (parts.length !== 8) return undefined;
  const [prefix, id, salt, iv, encrypted, expiration, macSalt, mac] = parts as [
    ...[string, string, string, string],
    ...[string, string, string, string],
  ];
  const password = passwords.get(id || "default");
  if (prefix !== "Fe26.2" || password === undefined) return undefined;
  if (expiration !== "" && !/^[1-9]\d{0,15}$/.test(expiration)) return undefined;
  if (expiration !== "" && Number(expiration) + SKEW <= Date.now()) return undefined;
  const base = [prefix, id, salt, iv, encrypted, expiration].join("*");
  const expected = createHmac("sha256", keyOf(password, macSalt)).update(base).digest("base64url");
  if (!sameText(expected, mac)) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-cbc", keyOf(password, salt), Buffer.from(iv, "base64url"));
    const bytes = Buffer.concat([decipher.update(Buffer.from(encrypted, "base64url")), decipher.final()]);
    return { value: JSON.parse(bytes.toString("utf8")), seal: `${base}*${mac}` };
  } catch {
    return undefined;
  }
}

function keyOf(password: string, salt: string): Buffer {
  return pbkdf2Sync(password, salt, 1, 32, "sha1");
}
