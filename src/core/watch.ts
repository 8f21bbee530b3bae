import { refuseUnknown } from "../option-names.ts";
import { chain } from "./call.ts";
import { goAlong, standingNow } from "./follow.ts";
import { readHead } from "./head.ts";
import { recordOf } from "./listed.ts";
import type { Engine, Live } from "./live.ts";
import { stateOf } from "./opened.ts";
import type { AnyShown } from "./register.ts";
import { lastStored, seenLive } from "./session.ts";
import { followed } from "./state.ts";
import { isHandle } from "./token.ts";
import { type EndReason, type SessionEnd, tell, Watch } from "./watched.ts";
import { Watcher } from "./watcher.ts";
import { chosen } from "./which.ts";

export type { EndReason, SessionEnd };

/** How a session is watched. */
export interface WatchOptions {
  /** Whether the watch keeps the session from expiring for want of requests, up to its absolute deadline. Default false. */
  readonly keepAlive?: boolean | undefined;
}

/** See `watch` of `Sessions`. */
export function watch(
  engine: Engine,
  which: AnyShown | { readonly handle: string },
  onEnd: (end: SessionEnd) => unknown,
  options: WatchOptions = {},
): Disposable {
  if (typeof onEnd !== "function") throw new TypeError("watch: pass a function as the listener.");
  refuseUnknown(options, ["keepAlive"]);
  const { keepAlive = false } = options;
  const own = new Watch(onEnd);
  if (typeof which === "object" && which !== null && stateOf(which) !== undefined) {
    watchLive(seenLive(which), own, keepAlive);
    return own;
  }
  const { handle } = chosen("watch", which);
  if (handle === undefined) throw new TypeError("watch: pass a session, or { handle } for one.");
  if (isHandle(handle)) watchHandle(engine, handle, own, keepAlive);
  else endSoon(own, "revoked");
  return own;
}

function watcherOf(engine: Engine): Watcher {
  const watcher = (engine.ends.watcher as Watcher | undefined) ?? new Watcher(engine);
  engine.ends.watcher = watcher;
  watcher.shorten(engine.options.watchLease);
  return watcher;
}

function watchLive(live: Live, own: Watch, keepAlive: boolean): void {
  const { phase, engine } = live;
  const watcher = watcherOf(engine);
  if (phase.is === "readOnly" && phase.why === "outage") {
    endSoon(own, "unreachable");
    return;
  }
  const stored = lastStored(phase);
  if (stored !== undefined) {
    const { handle, epoch, left } = standingNow(stored);
    watcher.join(own, handle, epoch, left, keepAlive ? stored.head.idleTimeout : 0);
  }
  if (phase.is !== "new" && phase.is !== "stored") return;
  own.follow = live.turn.follow ?? { watches: [], busy: false, doubt: undefined };
  followed(live, own.follow);
  own.follow.watches.push(own);
  if (live.turn.busy === undefined) return;
  own.follow.busy = true;
  void live.turn.busy.then(() => goAlong(live));
}

function watchHandle(engine: Engine, handle: string, own: Watch, keepAlive: boolean): void {
  const watcher = watcherOf(engine);
  watcher.join(own, handle, -1, Infinity, 0);
  const look = async (): Promise<void> => {
    const record = await recordOf(engine, handle);
    if (own.session === undefined) return;
    if (record === undefined) return watcher.end(own, "revoked");
    watcher.agree(own, record.epoch);
    if (!keepAlive) return;
    watcher.leave(own);
    const { idleTimeout } = readHead(record.head);
    watcher.join(own, handle, record.epoch, record.expiresAt - record.now, idleTimeout);
  };
  // If the store does not answer now, it is asked again.
  look().catch(() => {});
}

/** After the caller has got what ends the watch. */
function endSoon(own: Watch, reason: EndReason): void {
  void chain(Promise.resolve(), () => tell(own, reason));
}

/** Stops what watches the sessions of an engine. */
export function closeWatcher({ ends }: Engine): void {
  (ends.watcher as Watcher | undefined)?.close();
}
