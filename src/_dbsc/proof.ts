import { Buffer } from "node:buffer";
import { objectIn } from "../record/data.ts";
import { ALGORITHMS, type Algorithm, algorithmOf, keyText, verifies } from "./key.ts";

/** A signed challenge, as browsers send it: a JWT of the type `dbsc+jwt`. Its signature is not checked yet. */
export interface Proof {
  readonly challenge: string;
  readonly algorithm: Algorithm;
  /** The public key that came with it, as `keyText` returns it; undefined if none came. */
  readonly key: string | undefined;
  readonly signed: string;
  readonly signature: string;
}

const LONGEST = 8192;
const SHAPE = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** Returns the proof in a header; undefined for anything else. */
export function proofIn(header: string | undefined): Proof | undefined {
  const [, first, second, signature] = SHAPE.exec(unquoted(header ?? "").slice(0, LONGEST)) ?? [];
  if (signature === undefined) return undefined;
  const { typ, alg, jwk } = decoded(first!);
  const { jti } = decoded(second!);
  const algorithm = ALGORITHMS.find((each) => each === alg);
  if (typ !== "dbsc+jwt" || algorithm === undefined || typeof jti !== "string") return undefined;
  const key = jwk === undefined ? undefined : keyText(algorithm, jwk);
  if (jwk !== undefined && key === undefined) return undefined;
  return { challenge: jti, algorithm, key, signed: `${first}.${second}`, signature };
}

/** Returns true if a proof was signed by this stored key. */
export async function isSignedBy({ algorithm, signed, signature }: Proof, key: string): Promise<boolean> {
  if (algorithmOf(key) !== algorithm) return false;
  return verifies(
    key,
    Uint8Array.from(Buffer.from(signature, "base64url")),
    new TextEncoder().encode(signed),
  );
}

/** Returns the value of a structured string (RFC 9651 3.3.3). Browsers send it with or without its quotes. */
export function unquoted(header: string): string {
  return header.startsWith('"') && header.endsWith('"') && header.length > 1 ? header.slice(1, -1) : header;
}

function decoded(part: string): Record<string, unknown> {
  return objectIn(Buffer.from(part, "base64url").toString()) ?? {};
}
