import { hash } from "node:crypto";
import { handleOf, secretHashOf, type Token } from "../core/token.ts";

/** Returns the token that always follows from an id and a text, which nobody may be able to guess; another one in each realm. */
export function tokenFrom(realm: string, id: string, text: string): Token {
  const handle = handleFrom(realm, `handle ${id}`);
  const value = handle + digestOf(realm, `secret ${text}`).slice(-32);
  return { handle, value, secretHash: secretHashOf(realm, value) };
}

/** Returns the handle that always follows from a text; another one in each realm. */
export function handleFrom(realm: string, text: string): string {
  return handleOf(digestOf(realm, text));
}

function digestOf(realm: string, text: string): string {
  return hash("sha256", `micropie legacy ${realm} ${text}`, "base64url");
}
