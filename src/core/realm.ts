import { ConfigError } from "../errors.ts";

/** No space: one stands between a user's id and the realm in what back-ends store. */
const REALM = /^[\x21-\x7e]{1,255}$/;

/** Returns the realm of an engine: the one that was given, else the name of its cookie. Throws ConfigError `realm`. */
export function realmOf(given: string | undefined, cookieName: string): string {
  const realm = given ?? cookieName;
  if (typeof realm === "string" && REALM.test(realm)) return realm;
  throw new ConfigError(
    "realm",
    given === undefined
      ? "The default is cookie.name, which has more than 255 characters. Pass a shorter realm."
      : "Pass a name of 1 to 255 visible ASCII characters without spaces.",
  );
}

/** Returns a user's id as back-ends store it: bound to the realm, so that the same id in another one is somebody else. */
export function storedUser(realm: string, userId: string): string {
  return `${userId} ${realm}`;
}

/** Returns the realm in what a back-end has stored of a user. */
export function realmOfUser(stored: string): string {
  return stored.slice(stored.lastIndexOf(" ") + 1);
}

/** Returns the user's id in what a back-end has stored; null if nobody is signed in. */
export function plainUser(stored: string | null): string | null {
  if (stored === null) return null;
  const end = stored.lastIndexOf(" ");
  return end === -1 ? stored : stored.slice(0, end);
}
