import { type Head, recall, remember } from "./head.ts";

/** The factors that a user has proved, and when each was: seconds since 1970 on the store's clock. */
export type Factors = Readonly<Record<string, number>>;

const NAME = /^[a-z][a-z0-9._:-]{0,31}$/;
const MOST = 8;
const NONE: readonly string[] = [];

/**
 * Returns the names of factors. Throws TypeError unless they are up to eight short names in lower case, such as those of RFC
 * 8176.
 */
export function checkFactors(where: string, given: unknown): readonly string[] {
  if (given === undefined) return NONE;
  const isList = Array.isArray(given) && given.length <= MOST;
  if (isList && given.every((name) => typeof name === "string" && NAME.test(name)))
    return [...new Set(given as string[])];
  throw new TypeError(
    `${where}: \`by\` has up to ${MOST} names of factors in lower case, such as ["password"] or ["totp"]; got ${JSON.stringify(given)}.`,
  );
}

/** Returns the factors in a head; `signedInAt` is when those of the sign-in were proved. */
export function factorsIn(head: Head, signedInAt: number | undefined): Factors {
  if (signedInAt === undefined || head.more === undefined) return {};
  const { by } = recall(head);
  if (typeof by !== "object" || by === null) return {};
  const known = Object.entries(by).filter(([name, later]) => NAME.test(name) && typeof later === "number");
  return Object.fromEntries(known.map(([name, later]) => [name, later === 0 ? signedInAt : later]));
}

/** Returns the head of a session whose user has signed in by these factors; what was proved before leaves. */
export function signedInBy(head: Head, by: readonly string[]): Head {
  if (by.length === 0 && recall(head).by === undefined) return head;
  return remember(head, { by: by.length === 0 ? undefined : factorsAt(by, 0) });
}

/** Returns the head of a session whose user has proved these factors later. */
export function provedLater(head: Head, by: readonly string[], now: number): Head {
  if (by.length === 0) return head;
  // Seconds, rounded down: a factor never looks fresher than it is.
  return remember(head, { by: { ...recall(head).by, ...factorsAt(by, Math.floor(now)) } });
}

export function factorsAt(by: readonly string[], at: number): Factors {
  return Object.fromEntries(by.map((name) => [name, at]));
}
