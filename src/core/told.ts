import type { Awaitable } from "../backends/backend.ts";
import { revert } from "./fill.ts";
import type { ResolvedOptions } from "./options.ts";
import { type Live, liveOf, stateOf } from "./session.ts";

// What code outside of core may ask about the state of a session, and may tell it.

/** What a visit knows of the state of its session. `stateOf` returns it. */
export interface HeldSession {
  /** The session object that the request has now. `regenerate` puts another one in its place. */
  readonly data: object;
}

/** Tells a session that was still loading when the head of the response left that no cookie can be sent. */
export function headSent(session: object): void {
  heldLive(session).headersSent = true;
}

/** Makes a session one that cannot be written: verbs throw StateError `read_only`. */
export function shownOnly(session: object): void {
  heldLive(session).state = "shown";
}

/** Returns true if the session has ended in this request, or will end at its commit. */
export function hasEnded(session: object): boolean {
  const { state, mark } = heldLive(session);
  return state === "ended" || mark?.verb === "destroy";
}

/** Returns the Set-Cookie line that the last commit made and that no response has taken, or undefined. */
export function lineDue(session: object): string | undefined {
  return heldLive(session).cookie;
}

/** Drops what is not saved, after a commit that is running. The session stays in use, unless it has ended. */
export function revertNow(session: object): Awaitable<void> {
  const live = heldLive(session);
  if (live.state === "ended") return;
  return live.busy === undefined ? revert(live) : live.busy.then(() => revertNow(session));
}

/** How long a session lives, as its next commit will leave it. */
export interface LifetimeDue {
  /** Seconds. */
  readonly idleTimeout: number;
  readonly persistent: boolean;
  /** Seconds until it expires without a request; undefined if its time begins with the next commit. */
  readonly left: number | undefined;
}

/** Returns how long a session lives, also after its request is over. */
export function lifetimeDue(session: object): LifetimeDue {
  const { mark, record, engine } = heldLive(session);
  const { options } = engine;
  const asked = mark === undefined || mark.verb === "destroy" ? undefined : mark.lifetime;
  if (asked === undefined && record !== undefined) {
    const { idleTimeout, persistent, expiresAt, now } = record;
    return { idleTimeout, persistent, left: Math.max(0, expiresAt - now) };
  }
  const idleTimeout = asked?.idleTimeout ?? Math.min(options.idleTimeout, asked?.absoluteTimeout ?? Infinity);
  return { idleTimeout, persistent: asked?.persistent ?? options.cookie.persistent, left: undefined };
}

/** Returns the options of the sessions that this one belongs to. */
export function optionsOf(session: object): ResolvedOptions {
  return heldLive(session).engine.options;
}

function heldLive(session: object): Live {
  return stateOf(session) ?? liveOf(session);
}
