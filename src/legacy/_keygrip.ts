import { createHmac } from "node:crypto";
import { findValues } from "../core/token.ts";
import { type LegacySecret, type Signed, sameText, secretsOf } from "./_signature.ts";

/** A Keygrip of your own, with another algorithm or encoding than the usual. */
export interface KeygripLike {
  sign(data: string): string;
  verify(data: string, digest: string): boolean;
}

/** What signed the cookies: the keys as they were given, or the Keygrip made of them. */
export type LegacyKeys = readonly LegacySecret[] | KeygripLike;

/** A value with its signature, and what signs with the key that it was signed with. */
export interface SignedByKey extends Signed {
  sign(data: string): string;
}

/** One for each key. Throws ConfigError `keys`. */
export function signersOf(keys: LegacyKeys | undefined): readonly KeygripLike[] {
  if (keys !== undefined && "verify" in keys && "sign" in keys) return [keys];
  return secretsOf("keys", keys).map((secret) => {
    const sign = (data: string): string => createHmac("sha1", secret).update(data).digest("base64url");
    return { sign, verify: (data, digest) => sameText(sign(data), digest) };
  });
}

/**
 * The values of a cookie that its companion `<name>.sig` signs, as the `cookies` package writes them. Of several
 * cookies of these names every pair is tried.
 */
export function signedValues(header: string, name: string, signers: readonly KeygripLike[]): SignedByKey[] {
  const values = findValues(header, name);
  if (values.length === 0) return [];
  const signatures = findValues(header, `${name}.sig`);
  return values.flatMap((value) => {
    for (const signature of value === "" ? [] : signatures) {
      const signer = signers.find((each) => each.verify(`${name}=${value}`, signature));
      if (signer !== undefined) return { value, signature, sign: (data) => signer.sign(data) };
    }
    return [];
  });
}
