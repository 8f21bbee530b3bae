import type { Awaitable } from "../backends/backend.ts";
import { checkSize, isChanged } from "./changes.ts";
import { encode } from "./codec.ts";
import { end, endEmptied, endIfUnchanged } from "./end.ts";
import { chain } from "./engine.ts";
import { isTouchDue } from "./expiry.ts";
import { endLegacy } from "./legacy-cookies.ts";
import { checkWritten } from "./schema.ts";
import { type Live, liveOf, readOnly, requestOver } from "./session.ts";
import { markUser, signsIn } from "./user.ts";
import { type Asked, create, discard, replace, rotate, save, touch } from "./write.ts";

/**
 * Ends a session's use so far: finds out what changed and does exactly one of keep, touch, save, create, rotate and
 * end. The Set-Cookie line that is then due is in `live.cookie`. When it throws, nothing was stored.
 * Several at once go one after the other.
 */
export function commitLive(live: Live): Awaitable<void> {
  if (live.busy !== undefined) return live.busy.then(() => commitLive(live));
  const done = step(live);
  if (done instanceof Promise) {
    const free = (): void => {
      live.busy = undefined;
    };
    live.busy = done.then(free, free);
  }
  return done;
}

function step(live: Live): Awaitable<void> {
  if (live.state === "discarded") throw requestOver();
  if (live.state === "ended") return;
  if (live.mark?.verb === "destroy") return end(live);
  const text = encode(live.data);
  if (live.state !== "open") {
    if (isChanged(live.baseline, text)) throw readOnly(live, "commit");
    return;
  }
  if (live.engine.options.userId !== undefined) markUser(live);
  const { mark, record } = live;
  const login = mark?.verb === "login" && mark.userId !== null;
  if (record === undefined) {
    if (text === "{}" && !login) return;
    if (live.superseded && !signsIn(live, mark)) return discard(live, "superseded");
    return checked(live, text, () => create(live, text, mark));
  }
  // An id that was itself rotated away a moment ago need not be rotated again.
  const idle = mark?.verb === "rotate" && !mark.privilegeChange && live.grace;
  if (mark?.verb === "login" && mark.userId === null) {
    if (text === "{}") return end(live);
    if (record.userId !== null) return checked(live, text, () => replace(live, text, mark));
  }
  if (text === "{}" && !login) {
    if (live.emptied) return chain(endLegacy(live), () => endEmptied(live, text));
    // Whoever is signed in stays so without data: logging out is `destroy`.
    const drained = live.baseline !== "{}" && !live.reshaped ? live.version : live.drained;
    if (drained !== undefined && record.userId === null)
      return endIfUnchanged(live, drained, () => write(live, text, mark, idle));
  }
  if ((mark !== undefined && !idle) || (live.reshaped ? text !== "{}" : isChanged(live.baseline, text)))
    return checked(live, text, () => write(live, text, mark, idle));
  if (isTouchDue(record, live.engine.options.touchThrottle)) return touch(live);
}

function write(live: Live, text: string, mark: Asked | undefined, idle: boolean): Awaitable<void> {
  return mark === undefined || idle ? save(live, text, mark) : rotate(live, text, mark);
}

/** Judges the data before anything is stored. */
function checked(live: Live, text: string, store: () => Awaitable<void>): Awaitable<void> {
  const { maxBytes, schema } = live.engine.options;
  if (text !== live.baseline) checkSize(text, maxBytes);
  return schema === undefined ? store() : chain(checkWritten(schema, live.data), store);
}

/** Saves now what has changed until now; returns at once if the back-end does. */
export function saveNow(session: object): Awaitable<void> {
  return commitLive(liveOf(session));
}
