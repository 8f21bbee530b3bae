import type { Awaitable } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { call, chain } from "./engine.ts";
import { publish } from "./events.ts";
import { isExpired } from "./expiry.ts";
import { forget } from "./forget.ts";
import { endLegacy } from "./legacy-cookies.ts";
import type { Live } from "./session.ts";
import { removalCookie } from "./set-cookie.ts";
import { ended, eventOf, save } from "./write.ts";

const END_ATTEMPTS = 100;

/** The steps of `commit` that end a session. */

/** Ends the session, whatever anyone else is doing with it. */
export function end(live: Live): Awaitable<void> {
  const { engine, handle, record } = live;
  return chain(endLegacy(live), () => {
    if (record === undefined) {
      over(live);
      // A cookie that stands for nothing is taken away too, unless that could take away a newer one.
      if ((live.presented || live.farewells) && !live.superseded) live.cookie = removal(live);
      return;
    }
    return chain(
      call(engine, "delete", () => engine.backend.delete(handle)),
      (deleted) => gone(live, deleted),
    );
  });
}

/** Ends a session whose last key was removed; if somebody else has written to it in the meantime, does the other. */
export function endIfUnchanged(
  live: Live,
  version: number,
  otherwise: () => Awaitable<void>,
): Awaitable<void> {
  const { engine, handle, lease } = live;
  if (version === -1) return otherwise();
  const remove = (): Awaitable<void> =>
    chain(
      call(engine, "delete", () => engine.backend.delete(handle, version)),
      (deleted) => (deleted ? gone(live, true) : otherwise()),
    );
  if (lease === undefined) return remove();
  // No fence guards a deletion, but a lock renewed just now can be nobody else's until it is done.
  return chain(
    call(engine, "relock", () => engine.backend.relock(handle, lease.fence, engine.options.lockTtl)),
    (held) => (held ? remove() : otherwise()),
  );
}

/**
 * Ends a session whose data was replaced by `{}`, also if somebody else has written to it in the meantime; but a
 * request that began under older rights ends nothing.
 */
export function endEmptied(live: Live, text: string): Awaitable<void> {
  return endIfUnchanged(live, live.version, async () => {
    // What is held exclusively is fenced, and only a save can tell.
    if (live.lease !== undefined) await save(live, text, live.mark);
    if (live.state !== "ended" && live.record !== undefined) await endAsItIs(live);
  });
}

/** Looks, judges the rights, and deletes what was seen, until nobody writes in between. */
async function endAsItIs(live: Live): Promise<void> {
  const { engine, handle } = live;
  for (let attempt = 0; attempt < END_ATTEMPTS; attempt++) {
    const seen = await call(engine, "read", () => engine.backend.read(handle));
    // To find nothing is no acknowledgment: who has ended it may still wait for one, and so does whoever deletes again.
    if (seen === undefined || isExpired(seen)) return end(live);
    if (seen.epoch !== live.record!.epoch) return ended(live, "stale");
    if (await call(engine, "delete", () => engine.backend.delete(handle, seen.version)))
      return gone(live, true);
  }
  throw new StateError(
    "conflict",
    "Other requests kept changing the session, so it was not ended. Try again.",
  );
}

function gone(live: Live, byThisRequest: boolean): void {
  live.cookie = byThisRequest ? removal(live) : undefined;
  if (byThisRequest) publish("destroyed", eventOf(live));
  over(live);
}

/** What starts over goes on: what is put into it after an early save, or came while the store answered, is stored. */
function over(live: Live): void {
  if (live.startsOver && live.mark?.verb !== "destroy") forget(live);
  else live.state = "ended";
}

function removal(live: Live): string {
  return live.byHeader ? "" : removalCookie(live.engine.options.cookie);
}
