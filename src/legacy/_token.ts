import { hash } from "node:crypto";
import { handleOf, secretHashOf, type Token } from "../core/token.ts";

/** Returns the token that always follows from an id and a text, which nobody may be able to guess. */
export function tokenFrom(id: string, text: string): Token {
  const handle = handleFrom(`handle ${id}`);
  const value = handle + digestOf(`secret ${text}`).slice(-32);
  return { handle, value, secretHash: secretHashOf(value) };
}

/** Returns the handle that always follows from a text. */
export function handleFrom(text: string): string {
  return handleOf(digestOf(text));
}

function digestOf(text: string): string {
  return hash("sha256", `micropie legacy ${text}`, "base64url");
}
