import type { SessionData } from "../backends/backend.ts";
import type { Intent, Live } from "./live.ts";
import type { UserIdOf } from "./resolved-options.ts";

/**
 * Returns what a request asks for, with the option `userId` taken into account: a sign-in or sign-out that shows only in
 * the data, as with Passport. A new user is a `login`; if there is no user any more, the session starts over signed out,
 * with what is left of its data.
 */
export function intentOf(live: Live): Intent {
  const { intent, phase, engine } = live;
  const { userId: userIdOf } = engine.options;
  if (userIdOf === undefined || (phase.is !== "new" && phase.is !== "stored")) return intent;
  const asked = ("before" in intent ? intent.before : undefined) ?? intent;
  if (asked.is === "destroy" || asked.is === "login") return asked;
  const stored = phase.is === "stored" ? phase : undefined;
  // Data that the schema refused is stored still, and nobody sees who is in it.
  if (asked.is === "none" && stored?.seen.as === "hidden" && Object.keys(live.data).length === 0)
    return asked;
  const user = userOf(userIdOf, live.data as SessionData);
  const afresh = asked.is === "startOver" && asked.afresh;
  if (user === (stored?.record.userId ?? null) && !(asked.is === "startOver" && user !== null)) return asked;
  const lifetime = asked.is === "none" ? {} : (asked.lifetime ?? {});
  const made = { lifetime, afresh, before: asked };
  return user === null ? { is: "startOver", ...made } : { is: "login", userId: user, ...made };
}

/** Returns whose the data is: a user's id or null. Throws TypeError if the option returns anything else. */
export function userOf(userIdOf: UserIdOf, data: SessionData): string | null {
  const user = userIdOf(data);
  if (user === null || user === undefined || user === "") return null;
  const text = String(user);
  if ((typeof user === "string" || typeof user === "number") && text.isWellFormed()) return text;
  throw new TypeError("userId: return a string of well-formed Unicode, a number, null or undefined.");
}
