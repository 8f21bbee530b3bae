/** The algorithms that a key may be for (RFC 7518 3.1). */
export type Algorithm = "ES256" | "RS256";

/** All of them, the one that is preferred first. */
export const ALGORITHMS: readonly Algorithm[] = ["ES256", "RS256"];

/** 32 bytes, base64url: a coordinate on P-256. */
const COORDINATE = /^[\w-]{43}$/;
/** 2048 to 4096 bits, base64url. */
const MODULUS = /^[\w-]{342,683}$/;
/** 65537, the exponent that every key has. */
const EXPONENT = "AQAB";

/**
 * Returns a public key as the text that is stored of it: its algorithm and its numbers. Undefined for anything that is no
 * JWK of a key for this algorithm (RFC 7517, RFC 7518 6).
 */
export function keyText(algorithm: Algorithm, jwk: unknown): string | undefined {
  const { kty, crv, x, y, n, e } = Object(jwk) as Record<string, unknown>;
  if (algorithm === "ES256")
    return kty === "EC" && crv === "P-256" && matches(COORDINATE, x) && matches(COORDINATE, y)
      ? `ES256.${x}.${y}`
      : undefined;
  return kty === "RSA" && matches(MODULUS, n) && e === EXPONENT ? `RS256.${n}` : undefined;
}

/** Returns the algorithm of a stored key. */
export function algorithmOf(text: string): string {
  return text.slice(0, text.indexOf("."));
}

/** Returns true if this is a signature of the data by a stored key. */
export async function verifies(
  text: string,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { subtle } = globalThis.crypto;
  const [algorithm, first, second] = text.split(".");
  const how =
    algorithm === "ES256"
      ? { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
      : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const jwk =
    algorithm === "ES256"
      ? { kty: "EC", crv: "P-256", x: first!, y: second! }
      : { kty: "RSA", n: first!, e: EXPONENT };
  try {
    const key = await subtle.importKey("jwk", jwk, how, false, ["verify"]);
    return await subtle.verify(how, key, signature, data);
  } catch {
    // A point that is not on the curve, for one.
    return false;
  }
}

function matches(shape: RegExp, value: unknown): value is string {
  return typeof value === "string" && shape.test(value);
}
