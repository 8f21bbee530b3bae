import type { Awaitable } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { commitLive } from "./commit.ts";
import { call, chain } from "./engine.ts";
import { reload } from "./fill.ts";
import { forget } from "./forget.ts";
import { judgeAgain } from "./record.ts";
import { liveOf, replaceObject, stateOf, writableOf } from "./session.ts";
import { createHandle } from "./token.ts";
import { markOf } from "./user.ts";

/**
 * Marks the session to start over: answers a new, empty object, which is the request's session from now on; the one
 * before keeps its data as a plain copy. At commit the old id is dead, and what requests that began before write late
 * is dropped. If nothing is put into it, the session ends. It is nobody's, until `login` or the option `userId` says
 * whose. For adapters of libraries that do it in this way; else `login` and `rotate` are what you want.
 * Throws StateError `headers_sent` after the first byte.
 */
export function regenerate<S extends object>(session: S): S {
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

/** Saves now, as the verb `commit`; answers at once if the back-end does. */
export function saveNow(session: object): Awaitable<void> {
  return commitLive(liveOf(session));
}
