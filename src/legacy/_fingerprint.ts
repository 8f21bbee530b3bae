import { hash } from "node:crypto";

/**
 * What a session of an old library is known by from now on: the same for the same session, and to be had only from a
 * cookie that passed the library's own check. `proof` is what that check was about (a signature, a key); an id that was
 * never signed has none, and is as secret as it was.
 */
export function fingerprintOf(library: string, id: string, proof = ""): string {
  return hash("sha256", JSON.stringify([library, id, proof]), "base64url");
}
