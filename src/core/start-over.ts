import { headersSent, writableOf } from "./session.ts";
import { startedOver } from "./state.ts";

/**
 * Puts a new, empty object in the place of the request's session and returns it; the one before keeps its data as a plain
 * copy. At commit the old id is dead, and what requests that began before write late is dropped. If nothing is put into
 * it, the session ends. Nobody is signed in to it, until `login` is called or the option `userIdOf` says who.
 * Throws StateError `headers_sent` after the first byte.
 */
export function startOver<S extends object>(session: S): S {
  const live = writableOf(session, "regenerate");
  if (live.outbox.headers !== "open") throw headersSent("a new session");
  return startedOver(live, { is: "startOver", lifetime: {}, afresh: true }) as S;
}
