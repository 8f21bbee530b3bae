import { hash } from "node:crypto";

/** What a back-end learns of an express-session id: nothing that would be one. */
export interface Key {
  /** The first 16 characters of the hash: the public name of the record. */
  readonly handle: string;
  /** SHA-256 of the id, base64url. */
  readonly secretHash: string;
}

export function keyOf(sid: string): Key {
  const secretHash = hash("sha256", sid, "base64url");
  return { handle: secretHash.slice(0, 16), secretHash };
}
