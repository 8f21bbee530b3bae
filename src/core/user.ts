import { Buffer } from "node:buffer";
import type { SessionData } from "../backends/backend.ts";
import { UserIdError } from "../errors.ts";
import type { Intent, Live } from "./live.ts";
import { plainUser } from "./realm.ts";
import type { UserIdOf } from "./resolved-options.ts";

/**
 * Returns what a request asks for, with the option `userIdOf` taken into account: a sign-in or sign-out that shows only in
 * the data, as with Passport. A new user is a `login`; if there is no user any more, the session starts over signed out,
 * with what is left of its data.
 */
export function intentOf(live: Live): Intent {
  const { intent, phase, engine } = live;
  const { userIdOf } = engine.options;
  if (userIdOf === undefined || (phase.is !== "new" && phase.is !== "stored")) return intent;
  const asked = ("before" in intent ? intent.before : undefined) ?? intent;
  if (asked.is === "logout" || asked.is === "login") return asked;
  const stored = phase.is === "stored" ? phase : undefined;
  // Data that the schema refused is stored still, and nobody sees who is in it.
  if (asked.is === "none" && stored?.seen.as === "hidden" && Object.keys(live.data).length === 0)
    return asked;
  const user = userOf(userIdOf, live.data as SessionData);
  const afresh = asked.is === "startOver" && asked.afresh;
  if (user === plainUser(stored?.record.userId ?? null) && !(asked.is === "startOver" && user !== null))
    return asked;
  const lifetime = asked.is === "none" ? {} : (asked.lifetime ?? {});
  const made = { lifetime, afresh, before: asked };
  return user === null ? { is: "startOver", ...made } : { is: "login", userId: user, by: [], ...made };
}

/**
 * Returns whose the data is: a user's id or null. Throws UserIdError if the option returns anything but a user's id, a
 * number, null, undefined or "".
 */
export function userOf(userIdOf: UserIdOf, data: SessionData): string | null {
  const user = userIdOf(data);
  if (user === null || user === undefined || user === "") return null;
  return checkUserId("the option userIdOf", user);
}

const MAX_USER_ID = 255;

/**
 * Returns a user's id as a text. Throws UserIdError unless it is a finite number or a text of well-formed Unicode without
 * NUL, not empty, and of at most 255 bytes of UTF-8. Half a surrogate pair becomes U+FFFD in UTF-8, where two users could
 * meet.
 */
export function checkUserId(where: string, given: unknown): string {
  const userId = typeof given === "number" && Number.isFinite(given) ? String(given) : given;
  if (typeof userId !== "string" || userId === "")
    throw new UserIdError(
      `${where}: pass a user's id, a text that is not empty or a number; got ${kindOf(given)}.`,
    );
  if (!userId.isWellFormed() || userId.includes("\0"))
    throw new UserIdError(`${where}: a user's id is well-formed Unicode without NUL.`);
  if (userId.length * 3 > MAX_USER_ID && Buffer.byteLength(userId) > MAX_USER_ID)
    throw new UserIdError(
      `${where}: a user's id has at most ${MAX_USER_ID} bytes of UTF-8; this one has ${Buffer.byteLength(userId)}.`,
    );
  return userId;
}

function kindOf(value: unknown): string {
  if (value === "") return "an empty text";
  return typeof value === "number" || value == null ? String(value) : typeof value;
}
