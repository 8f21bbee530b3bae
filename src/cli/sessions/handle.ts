import { isHandle, isToken } from "../../core/token.ts";
import { misuse } from "../options.ts";

/** Returns a handle that was given. Throws `Problem` with exit code 2, which says nothing of what was given: it may be a cookie. */
export function readHandle(text: string, how: string): string {
  if (isHandle(text)) return text;
  if (isToken(text))
    throw misuse(
      "this is a cookie's value, which opens the session. Pass its first 16 characters alone, and end that session if others may have seen it",
      how,
    );
  throw misuse("a handle has 16 characters, as lists, logs and info() tell it", how);
}
