import { Buffer } from "node:buffer";
import type { EndNotice } from "../backends/backend.ts";
import { warn } from "../warning.ts";
import type { Follow } from "./turn.ts";

/** Why what was watched counts as ended. */
export type EndReason =
  /** It was ended from inside: logged out, or emptied. */
  | "logged_out"
  /** It was ended from outside, or its record is gone from the store and nothing says why. */
  | "revoked"
  /** A sign-in of its user ended it, since the option `perUser` allows no more. "revoked" in processes whose store tells no reasons. */
  | "limit"
  /** Its idle or absolute deadline has passed. */
  | "expired"
  /** Its rights changed: its user signed in, or it was elevated, in another request. */
  | "rights"
  /** The store could not be asked for as long as the option `watchLease` says, so nobody knows. */
  | "unreachable";

/** What `watch` passes to its listener. */
export interface SessionEnd {
  readonly reason: EndReason;
}

/** Takes what watches a session out of its watcher. */
export interface Leaves {
  leave(watch: Watch): void;
}

/** One call of `watch`. */
export class Watch implements Disposable {
  /** Undefined once it is over. */
  onEnd: ((end: SessionEnd) => unknown) | undefined;
  /** Undefined once it is over, and while there is no record of its session. */
  session: WatchedSession | undefined;
  /** The next one of the same session. */
  next: Watch | undefined;
  follow: Follow | undefined;

  constructor(onEnd: (end: SessionEnd) => unknown) {
    this.onEnd = onEnd;
  }

  [Symbol.dispose](): void {
    this.onEnd = undefined;
    const { follow } = this;
    this.follow = undefined;
    if (follow !== undefined) follow.watches.splice(follow.watches.indexOf(this), 1);
    this.session?.of.leave(this);
  }
}

/**
 * One session that is watched, however often. Times are whole hundredths of a second on the watcher's clock: so an object
 * holds them in place, and needs no other for each.
 */
export class WatchedSession {
  readonly of: Leaves;
  readonly handle: string;
  /** -1 until the store has told. */
  epoch = -1;
  /** When the epoch became known. */
  learnedAt = 0;
  /** When it expires, as far as is known. */
  deadline: number;
  /** When the question was asked to which the last answer was that it lives. */
  seenAt: number;
  /** When it was asked for last. */
  askedAt = -1000;
  /** In which opening of the channel it was seen. */
  round = -1;
  /** Its idle timeout, if it is kept alive; else 0. */
  idle = 0;
  /** When to touch it. */
  touchAt: number = NEVER;
  /** Where it is among all. */
  at = -1;
  first: Watch | undefined;

  constructor(of: Leaves, handle: string, epoch: number, now: number, deadline: number) {
    this.of = of;
    // A part of a text keeps the whole of it, which has the secret.
    this.handle = Buffer.from(handle, "latin1").toString("latin1");
    this.learn(epoch, now);
    this.deadline = deadline;
    this.seenAt = now;
  }

  learn(epoch: number, now: number): void {
    this.epoch = epoch;
    this.learnedAt = now;
  }
}

/** Later than any moment that comes. */
export const NEVER: number = 2 ** 30;

/** Returns all watches of a session. */
export function watchesOf(session: WatchedSession): Watch[] {
  const all: Watch[] = [];
  for (let watch = session.first; watch !== undefined; watch = watch.next) all.push(watch);
  return all;
}

/** Returns the watches that a notice ends; the others may be watched by the very request that did it, which will say. */
export function endedBy(session: WatchedSession, reason: EndNotice["reason"]): Watch[] {
  return watchesOf(session).filter(({ follow }) => {
    if (follow?.busy) follow.doubt ??= reason;
    return !follow?.busy;
  });
}

/** Ends a watch and calls its listener. One that fails causes a warning, and keeps nobody else from being told. */
export function tell(watch: Watch, reason: EndReason): void {
  const { onEnd } = watch;
  watch[Symbol.dispose]();
  const failed = (error: unknown): void =>
    warn(
      "MICROPIE_LISTENER_FAILED",
      `A listener of watch failed: ${error instanceof Error ? (error.stack ?? String(error)) : String(error)}`,
    );
  try {
    const done = onEnd?.({ reason });
    if (done instanceof Promise) done.catch(failed);
  } catch (error) {
    failed(error);
  }
}
