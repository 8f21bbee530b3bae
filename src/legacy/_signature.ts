import { Buffer } from "node:buffer";
import { type BinaryLike, createHmac, KeyObject, timingSafeEqual } from "node:crypto";
import { ConfigError } from "../errors.ts";

/** A key as `createHmac` takes it: a text, bytes or a KeyObject. */
export type LegacySecret = BinaryLike | KeyObject;

/** Checks keys at start. Throws ConfigError that names the option. */
export function secretsOf(
  option: string,
  given: LegacySecret | readonly LegacySecret[] | undefined,
): readonly LegacySecret[] {
  const secrets: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (secrets.length > 0 && secrets.every(isSecret)) return secrets;
  throw new ConfigError(option, "Give what the library was given: a text or bytes, or a list of them.");
}

function isSecret(given: unknown): given is LegacySecret {
  if (typeof given === "string") return given !== "";
  return ArrayBuffer.isView(given) ? given.byteLength > 0 : given instanceof KeyObject;
}

/** Throws ConfigError if there is no such digest. */
export function checkAlgorithm(algorithm: string): string {
  try {
    createHmac(algorithm, "");
  } catch {
    throw new ConfigError(
      "algorithm",
      `There is no ${JSON.stringify(algorithm)}; give one such as "sha256".`,
    );
  }
  return algorithm;
}

/** Compares two texts in a time that does not tell where they differ. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * What only those can make of an id who hold the secrets, whichever of them signed a cookie: made with the last one, as
 * new secrets come first.
 */
export function proofBy(secrets: readonly LegacySecret[], id: string): string {
  return createHmac("sha256", secrets.at(-1)!).update(`micropie ${id}`).digest("base64url");
}

/** The value of `value.signature` as cookie-signature and the signer of @fastify/cookie write it, if any of the secrets made it. */
export function unsigned(
  text: string,
  secrets: readonly LegacySecret[],
  algorithm: string,
): string | undefined {
  const dot = text.lastIndexOf(".");
  if (dot < 1) return undefined;
  const value = text.slice(0, dot);
  const signature = text.slice(dot + 1);
  for (const secret of secrets) {
    const expected = createHmac(algorithm, secret).update(value).digest("base64").replace(/=+$/, "");
    if (sameText(expected, signature)) return value;
  }
  return undefined;
}
