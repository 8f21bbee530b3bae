import { hash } from "node:crypto";
import type { LegacyCookie } from "./_reader.ts";

/** What a session of an old library is known by from now on. */
export type Fingerprints = Required<Pick<LegacyCookie, "fingerprint" | "id">>;

/**
 * Returns what is the same for the same session of an old library. `proof` is what only those have who hold the library's
 * keys; it must not tell which of the keys verified the cookie, as another one may next time. An id that was never signed
 * has none, and is as secret as it was.
 */
export function fingerprintsOf(library: string, id: string, proof = ""): Fingerprints {
  return { id: digestOf([library, id]), fingerprint: digestOf([library, id, proof]) };
}

function digestOf(parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts), "base64url");
}
