import type { Awaitable } from "../backends/backend.ts";
import { call, chain } from "../core/engine.ts";
import { reload } from "../core/fill.ts";
import { judgeAgain } from "../core/record.ts";
import { liveOf, stateOf } from "../core/session.ts";
import { createHandle } from "../core/token.ts";
import { markOf } from "../core/user.ts";
import { StateError } from "../errors.ts";

/**
 * A public name that changes with the rights, for what must not outlive them (a CSRF token). It begins with the handle,
 * and is told even before the session is stored. Gives nobody access.
 */
export function publicId(session: object): string {
  const live = stateOf(session) ?? liveOf(session);
  const mark = markOf(live);
  const replaced = mark?.verb === "login" && mark.userId === null && live.record?.userId !== null;
  if (live.record === undefined || replaced) {
    live.reserved ??= createHandle();
    return live.reserved;
  }
  const pending = mark?.verb === "login" || (mark?.verb === "rotate" && mark.privilegeChange);
  const epoch = live.record.epoch + (pending ? 1 : 0);
  return epoch === 0 ? live.handle : `${live.handle}.${epoch}`;
}

/**
 * Makes the session what the store has now; what was not saved is lost. One that is not stored is emptied.
 * Throws StateError `ended` if it is over, or starts over and is not stored since.
 */
export function reloadSession(session: object): Awaitable<void> {
  const live = liveOf(session);
  const { engine, handle, record } = live;
  if (live.busy !== undefined) return live.busy.then(() => reloadSession(session));
  if (record === undefined || live.state !== "open" || live.startsOver) throw over();
  return chain(
    call(engine, "read", () => engine.backend.read(handle)),
    (found) => {
      if (found === undefined || !judgeAgain(found, record)) throw over();
      return reload(live, found);
    },
  );
}

function over(): StateError {
  return new StateError("ended", "The session is not stored, or over, so there is nothing to reload.");
}
