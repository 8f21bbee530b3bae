import { isToken } from "../../core/token.ts";
import type { Answer } from "./answer.ts";
import type { SeenCookie } from "./seen-cookie.ts";

/** Returns the cookies that an answer leaves in the browser: of one name, the last. */
export function cookiesLeft({ cookies }: Answer): SeenCookie[] {
  const byName = new Map(cookies.map((cookie) => [cookie.name, cookie]));
  return [...byName.values()].filter(({ isRemoval }) => !isRemoval);
}

/**
 * Returns the session cookie among those that the first answer sets: the one of the given name; the one whose value has the
 * shape of ours, or else that of express-session; the only one; the first that the second answer sets to another value.
 * Returns undefined if it is none of these.
 */
export function sessionCookie(
  [first, second]: readonly [Answer, Answer],
  name?: string,
): SeenCookie | undefined {
  const left = cookiesLeft(first);
  if (name !== undefined) return left.find((cookie) => cookie.name === name);
  const ours = left.find(isOurs) ?? left.find(({ value }) => /^s(:|%3A)./i.test(value));
  if (ours !== undefined || left.length < 2) return ours ?? left[0];
  return left.find((one) =>
    second.cookies.some((other) => other.name === one.name && other.value !== one.value),
  );
}

/** Returns true if the value of a cookie has the shape of a token. */
export function isOurs({ value }: SeenCookie): boolean {
  return isToken(value);
}
