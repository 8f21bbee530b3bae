import { StateError } from "../errors.ts";
import { decoded, encodeValue, setKey } from "./codec.ts";
import type { Stored } from "./live.ts";
import type { AnyData, AnySession, Session } from "./register.ts";
import { liveOf, readOnly, startsOver } from "./session.ts";
import { update } from "./update.ts";

/**
 * Returns the value under `key` and removes it, at once and not at the end of the request; undefined if there is none. Of
 * two requests that ask at the same time, in any two processes, one gets it: for flash messages, OAuth states, challenges.
 * A value is left by assignment: `session.notice = "saved"`.
 * Rejects with BackendError if the store fails, and the value is then still there; with StateError `read_only`, `not_live`.
 *
 * @example
 * session.notice = "Saved."; // in one request
 * const notice = await take(session, "notice"); // in a later one
 */
export async function take<S extends AnySession, K extends keyof S & string>(
  session: S,
  key: K,
): Promise<S[K] | undefined> {
  const live = liveOf(session);
  const { phase, intent } = live;
  if (phase.is === "readOnly" && phase.why === "shown") throw readOnly(live, "take");
  if ((phase.is !== "new" && phase.is !== "stored") || intent.is === "logout") return undefined;
  const here = session[key];
  if (phase.is === "new" || startsOver(intent) || isNew(phase, key, here)) {
    setKey(session, key, undefined);
    return here;
  }
  let taken: S[K] | undefined;
  try {
    await update(session as Session<AnyData>, key, (stored) => {
      taken = stored as S[K];
      return undefined;
    });
  } catch (error) {
    if (error instanceof StateError && error.code === "ended") return undefined;
    throw error;
  }
  return taken;
}

/** Returns true if this request itself left the value, so that the store does not have it yet. */
function isNew({ seen }: Stored, key: string, here: unknown): boolean {
  if (here === undefined) return false;
  const before = decoded(seen.text)[key];
  return before === undefined || encodeValue(key, before) !== encodeValue(key, here);
}
