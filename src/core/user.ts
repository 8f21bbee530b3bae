import type { SessionData } from "../backends/backend.ts";
import type { Live, Mark } from "./session.ts";

/** Tells from its data whose a session is: null, undefined and "" mean nobody's. Numbers become texts. */
export type UserIdOf = (data: SessionData) => string | number | null | undefined;

/** What was asked for, by the mark that its data has made of it. */
const askedFor = new WeakMap<Mark, Mark | undefined>();

/**
 * Marks a sign-in or sign-out that shows only in the data, as with Passport: a new user is a `login`; if there is no
 * user any more, the session starts over as nobody's, with what is left of its data.
 */
export function markUser(live: Live): void {
  live.mark = markOf(live);
}

/** The mark as `commit` would find it now, which the data decides as long as nothing is stored. */
export function markOf(live: Live): Mark | undefined {
  const { mark, record, engine } = live;
  const { userId } = engine.options;
  if (userId === undefined || live.state !== "open" || mark?.verb === "destroy") return mark;
  const asked = mark !== undefined && askedFor.has(mark) ? askedFor.get(mark) : mark;
  // Data that the schema refused is stored still, and nobody sees who is in it.
  if (asked === undefined && live.reshaped && Object.keys(live.data).length === 0) return asked;
  const startsOver = asked?.verb === "login" && asked.userId === null;
  if (asked?.verb === "login" && !startsOver) return asked;
  const user = userOf(userId, live.data as SessionData);
  if (user === (record?.userId ?? null) && !(startsOver && user !== null)) return asked;
  const lifetime = asked === undefined || asked.verb === "destroy" ? {} : (asked.lifetime ?? {});
  const made: Mark = { verb: "login", userId: user, lifetime };
  askedFor.set(made, asked);
  return made;
}

/**
 * Whether a mark may be a sign-in. Starting over is one as far as anybody knows, unless `userId` says that it is
 * nobody who does.
 */
export function signsIn({ engine }: Live, mark: Mark | undefined): boolean {
  return mark?.verb === "login" && (mark.userId !== null || engine.options.userId === undefined);
}

/** Whose the data is, as a user's id or null. Throws TypeError for an answer that cannot be one. */
export function userOf(userIdOf: UserIdOf, data: SessionData): string | null {
  const user = userIdOf(data);
  if (user === null || user === undefined || user === "") return null;
  const text = String(user);
  if ((typeof user === "string" || typeof user === "number") && text.isWellFormed()) return text;
  throw new TypeError("userId: answer a text of well-formed Unicode, a number, null or undefined.");
}
