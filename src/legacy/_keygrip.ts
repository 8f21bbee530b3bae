import { createHmac } from "node:crypto";
import { findValues } from "../core/token.ts";
import { type LegacySecret, sameText, secretsOf } from "./_signature.ts";

/** A Keygrip of your own, with another algorithm or encoding than the usual. */
export interface KeygripLike {
  sign(data: string): string;
  verify(data: string, digest: string): boolean;
}

/** What signed the cookies: the keys as they were given, or the Keygrip made of them. */
export type LegacyKeys = readonly LegacySecret[] | KeygripLike;

/** One for each key. Throws ConfigError `keys`. */
export function signersOf(keys: LegacyKeys | undefined): readonly KeygripLike[] {
  if (keys !== undefined && "verify" in keys && "sign" in keys) return [keys];
  return secretsOf("keys", keys).map((secret) => {
    const sign = (data: string): string => createHmac("sha1", secret).update(data).digest("base64url");
    return { sign, verify: (data, digest) => sameText(sign(data), digest) };
  });
}

/**
 * What only those can make of an id who hold the keys, whichever of them signed a cookie: made with the last one, as new
 * keys come first.
 */
export function proofOf(signers: readonly KeygripLike[], id: string): string {
  return signers.at(-1)!.sign(`micropie ${id}`);
}

/**
 * The values of a cookie that its companion `<name>.sig` signs, as the `cookies` package writes them. Of several
 * cookies of these names every pair is tried.
 */
export function signedValues(header: string, name: string, signers: readonly KeygripLike[]): string[] {
  const values = findValues(header, name);
  if (values.length === 0) return [];
  const signatures = findValues(header, `${name}.sig`);
  return values.filter((value) => {
    const isSigned = (signature: string): boolean =>
      signers.some((each) => each.verify(`${name}=${value}`, signature));
    return value !== "" && signatures.some(isSigned);
  });
}
