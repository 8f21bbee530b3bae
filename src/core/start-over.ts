import { StateError } from "../errors.ts";
import { forget } from "./forget.ts";
import { replaceObject, writableOf } from "./session.ts";

/**
 * Puts a new, empty object in the place of the request's session and returns it; the one before keeps its data as a plain
 * copy. At commit the old id is dead, and what requests that began before write late is dropped. If nothing is put into
 * it, the session ends. It is nobody's, until `login` or the option `userId` says whose.
 * Throws StateError `headers_sent` after the first byte.
 */
export function startOver<S extends object>(session: S): S {
  const live = writableOf(session, "regenerate");
  if (live.headersSent) {
    throw new StateError(
      "headers_sent",
      "The response has begun, so the cookie that a new session needs cannot be sent. Do it before the first byte.",
    );
  }
  if (live.state === "ended") forget(live);
  live.mark = { verb: "login", userId: null, lifetime: {} };
  live.startsOver = true;
  live.emptied = false;
  live.drained = undefined;
  live.reserved = undefined;
  return replaceObject(live) as S;
}
