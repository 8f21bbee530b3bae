/** What every program answers, whichever the framework. */
import { COUNT_BODY, READ_BODY } from "../lib/child.js";

export const TEXT = "text/plain; charset=utf-8";

/** What stands where a program without sessions has none. */
export const NOBODY = Object.freeze({ visits: 0 });

/** The body for a path: `/` counts a visit, `/read` reads how many there were. */
export function answer(path, session) {
  if (path === "/read") return READ_BODY(session.visits ?? 0);
  if (session === NOBODY) return COUNT_BODY(1);
  session.visits = (session.visits ?? 0) + 1;
  return COUNT_BODY(session.visits);
}
