import type { Awaitable } from "../backends/backend.ts";
import { chain } from "../core/call.ts";
import { readAgain } from "../core/read-again.ts";
import { revert } from "../core/revert.ts";
import { beginsAnother, lastStored, liveOf, seenLive, startsOver } from "../core/session.ts";
import { readAnew, reserve } from "../core/state.ts";
import { createHandle } from "../core/token.ts";
import { intentOf } from "../core/user.ts";
import { StateError } from "../errors.ts";

/**
 * Returns a public name of the session that changes with its rights, for what must not outlive them (a CSRF token). It
 * begins with the handle, and is told even before the session is stored. It opens nothing.
 */
export function publicId(session: object): string {
  const live = seenLive(session);
  const stored = lastStored(live.phase);
  const intent = intentOf(live);
  if (stored === undefined || beginsAnother(stored, intent))
    return live.outbox.reserved ?? reserve(live, createHandle());
  const newRights = intent.is === "login" || intent.is === "startOver";
  const pending = newRights || (intent.is === "rotate" && intent.elevated);
  const epoch = stored.record.epoch + (pending ? 1 : 0);
  return epoch === 0 ? stored.handle : `${stored.handle}.${epoch}`;
}

/**
 * Makes the session what the store has now; what was not saved is lost.
 * Throws StateError `ended` if it is not stored, is over, or starts over and has not been saved since.
 */
export function reloadSession(session: object): Awaitable<void> {
  const live = liveOf(session);
  const { phase, turn } = live;
  if (turn.busy !== undefined) return turn.busy.then(() => reloadSession(session));
  if (phase.is !== "stored" || startsOver(live.intent)) throw nothingStored();
  return chain(readAgain(live, phase), (found) => {
    if (typeof found === "string") throw nothingStored();
    readAnew(live, found);
    return revert(live);
  });
}

function nothingStored(): StateError {
  return new StateError("ended", "The session is not stored, or over, so there is nothing to reload.");
}
