import type { SessionData } from "../backends/backend.ts";
import type { Live } from "./session.ts";

/** Tells from its data whose a session is: null, undefined and "" mean nobody's. Numbers become texts. */
export type UserIdOf = (data: SessionData) => string | number | null | undefined;

/**
 * Marks a sign-in or sign-out that shows only in the data, as with Passport: a new user is a `login`; if there is no
 * user any more, the session starts over as nobody's, with what is left of its data.
 */
export function markUser(live: Live, userIdOf: UserIdOf): void {
  const { mark, record } = live;
  const user = userOf(userIdOf, live.data as SessionData);
  const before = record?.userId ?? null;
  const startsOver = mark?.verb === "login" && mark.userId === null;
  if (mark?.verb === "login" && !startsOver) return;
  if (user === before && !(startsOver && user !== null)) return;
  live.mark = {
    verb: "login",
    userId: user,
    lifetime: mark?.verb === "destroy" ? {} : (mark?.lifetime ?? {}),
  };
}

/** Whose the data is, as a user's id or null. Throws TypeError for an answer that cannot be one. */
export function userOf(userIdOf: UserIdOf, data: SessionData): string | null {
  const user = userIdOf(data);
  if (user === null || user === undefined || user === "") return null;
  const text = String(user);
  if ((typeof user === "string" || typeof user === "number") && text.isWellFormed()) return text;
  throw new TypeError("userId: answer a text of well-formed Unicode, a number, null or undefined.");
}
