import type { Awaitable } from "../backends/backend.ts";
import { checkSize, isChanged } from "./changes.ts";
import { encode } from "./codec.ts";
import { chain } from "./engine.ts";
import { isTouchDue } from "./expiry.ts";
import { checkWritten } from "./schema.ts";
import { type Live, readOnly } from "./session.ts";
import { create, discard, end, endEmptied, endIfUnchanged, rotate, save, touch } from "./write.ts";

/**
 * Ends a session's use so far: finds out what changed and does exactly one of keep, touch, save, create, rotate and
 * end. The Set-Cookie line that is then due is in `live.cookie`. When it throws, nothing was stored.
 */
export function commitLive(live: Live): Awaitable<void> {
  const { mark, record } = live;
  if (live.state === "ended") return;
  if (mark?.verb === "destroy") return end(live);
  const text = encode(live.data);
  if (live.state === "read_only") {
    if (isChanged(live.baseline, text)) throw readOnly("commit");
    return;
  }
  const login = mark?.verb === "login";
  if (record === undefined) {
    if (text === "{}" && !login) return;
    if (live.superseded && !login) return discard(live, "superseded");
    return checked(live, text, () => create(live, text));
  }
  if (text === "{}" && !login) {
    if (live.emptied) return endEmptied(live, text);
    // Whoever is signed in stays so without data: logging out is `destroy`.
    const drained = live.baseline !== "{}" && !live.reshaped ? live.version : live.drained;
    if (drained !== undefined && record.userId === null) return endIfUnchanged(live, text, drained);
  }
  // An id that was itself rotated away a moment ago need not be rotated again.
  const idle = mark?.verb === "rotate" && !mark.privilegeChange && live.grace;
  if (mark !== undefined && !idle) return checked(live, text, () => rotate(live, text, mark));
  if (live.reshaped ? text !== "{}" : isChanged(live.baseline, text))
    return checked(live, text, () => save(live, text));
  if (isTouchDue(record, live.engine.options.touchThrottle)) return touch(live);
}

/** Judges the data before anything is stored. */
function checked(live: Live, text: string, store: () => Awaitable<void>): Awaitable<void> {
  const { maxBytes, schema } = live.engine.options;
  if (text !== live.baseline) checkSize(text, maxBytes);
  return schema === undefined ? store() : chain(checkWritten(schema, live.data), store);
}
