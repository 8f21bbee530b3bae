import type { Awaitable } from "../backends/backend.ts";
import type { Live, Stored } from "./live.ts";
import { followed } from "./state.ts";
import type { Watch } from "./watched.ts";
import type { Watcher } from "./watcher.ts";

/** Where a stored session stands, for those that watch it. */
export function standingNow({ handle, record, expiresAt }: Stored): {
  handle: string;
  epoch: number;
  left: number;
} {
  return { handle, epoch: record.epoch, left: Math.max(0, expiresAt - record.now) };
}

/**
 * Commits a session that is watched by its own request, and lets the watches go along: a sign-in or rotation of this
 * request is no end for them, its logout is.
 */
export function commitFollowed(live: Live, commit: () => Awaitable<void>): Awaitable<void> {
  const { follow } = live.turn;
  if (follow === undefined) return commit();
  follow.busy = true;
  try {
    const done = commit();
    if (done instanceof Promise) return done.finally(() => goAlong(live));
  } catch (error) {
    goAlong(live);
    throw error;
  }
  goAlong(live);
}

/** Brings the watches of a session to where its request has left it. */
export function goAlong(live: Live): void {
  const { follow } = live.turn;
  if (follow === undefined) return;
  const { doubt } = follow;
  follow.busy = false;
  follow.doubt = undefined;
  const watcher = live.engine.ends.watcher as Watcher | undefined;
  if (watcher === undefined) return;
  const { phase } = live;
  const now = phase.is === "over" ? phase.before : phase;
  for (const watch of [...follow.watches] as Watch[]) {
    const { session } = watch;
    if (now.is === "stored") {
      const { handle, epoch, left } = standingNow(now);
      if (session?.handle === handle) watcher.agree(watch, epoch);
      else {
        const idle = session?.idle ?? 0;
        watcher.leave(watch);
        watcher.join(watch, handle, epoch, left, idle === 0 ? 0 : now.head.idleTimeout);
      }
      if (doubt !== undefined) watcher.doubt(watch);
    } else if (session !== undefined) {
      if (doubt === undefined) watcher.doubt(watch);
      else watcher.end(watch, doubt);
    }
  }
}

/** Lets the watches of a session stay where they are: its headers have left, or its request is over. */
export function letStay(live: Live): void {
  const { follow } = live.turn;
  if (follow === undefined) return;
  for (const watch of follow.watches as Watch[]) watch.follow = undefined;
  followed(live, undefined);
}
