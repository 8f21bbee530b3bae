import { hash } from "node:crypto";

/** What a back-end learns of an express-session id: nothing that would be one. */
export interface Key {
  /** The first 16 characters of the id's SHA-256, base64url: the public name of the record. */
  readonly handle: string;
  /** SHA-256 of the id and the realm, base64url. */
  readonly secretHash: string;
}

/** The space keeps apart an id with its realm and a secret of ours with its own, which has none. */
export function keyOf(realm: string, sid: string): Key {
  const handle = hash("sha256", sid, "base64url").slice(0, 16);
  return { handle, secretHash: hash("sha256", `${sid} ${realm}`, "base64url") };
}
