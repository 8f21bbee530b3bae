/** What every program answers, whichever the framework. */
import { COUNT_BODY, NONE_BODY, READ_BODY } from "../lib/child.js";

export const TEXT = "text/plain; charset=utf-8";

/**
 * The body for a path: `/` counts a visit, `/read` reads how many there were, `/none` does not look. `look` returns the
 * session; undefined where a program without sessions has none.
 */
export function answer(path, look) {
  if (path === "/none") return NONE_BODY;
  const session = look();
  if (path === "/read") return READ_BODY(session?.visits ?? 0);
  if (session === undefined) return COUNT_BODY(1);
  session.visits = (session.visits ?? 0) + 1;
  return COUNT_BODY(session.visits);
}
