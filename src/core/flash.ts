import { StateError } from "../errors.ts";
import { decoded, encodeValue, setKey } from "./codec.ts";
import type { Stored } from "./live.ts";
import { liveOf, readOnly, startsOver, writableOf } from "./session.ts";
import { update } from "./update.ts";

/** Leaves a message under `key` for a later request. It is ordinary data until then. */
export function flash<S extends object, K extends keyof S & string>(session: S, key: K, value: S[K]): void;
/**
 * Takes the message under `key`: returns it and removes it, or returns undefined if there is none. Of two requests that
 * ask at once, in any two processes, one gets it. Throws BackendError if the store fails; the message is then still there.
 */
export function flash<S extends object, K extends keyof S & string>(
  session: S,
  key: K,
): Promise<S[K] | undefined>;
export function flash<S extends object, K extends keyof S & string>(
  session: S,
  key: K,
  ...value: [S[K]?]
): undefined | Promise<S[K] | undefined> {
  if (value.length === 0) return take(session, key);
  writableOf(session, "flash");
  setKey(session, key, value[0]);
  return undefined;
}

async function take<S extends object, K extends keyof S & string>(
  session: S,
  key: K,
): Promise<S[K] | undefined> {
  const live = liveOf(session);
  const { phase, intent } = live;
  if (phase.is === "readOnly" && phase.why === "shown") throw readOnly(live, "flash");
  if ((phase.is !== "new" && phase.is !== "stored") || intent.is === "destroy") return undefined;
  const here = session[key];
  if (phase.is === "new" || startsOver(intent) || isNew(phase, key, here)) {
    setKey(session, key, undefined);
    return here;
  }
  let taken: S[K] | undefined;
  try {
    await update(session as Record<string, unknown>, key, (stored) => {
      taken = stored as S[K];
      return undefined;
    });
  } catch (error) {
    if (error instanceof StateError && error.code === "ended") return undefined;
    throw error;
  }
  return taken;
}

/** Returns true if this request itself left the message, so that the store does not have it yet. */
function isNew({ seen }: Stored, key: string, here: unknown): boolean {
  if (here === undefined) return false;
  const before = decoded(seen.text)[key];
  return before === undefined || encodeValue(key, before) !== encodeValue(key, here);
}
