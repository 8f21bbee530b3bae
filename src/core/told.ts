import type { Awaitable } from "../backends/backend.ts";
import type { AccessError } from "../errors.ts";
import type { BoundAnswer } from "./bound.ts";
import { ENGINE, type Engine, type Live } from "./live.ts";
import type { AnyShown } from "./register.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { revert } from "./revert.ts";
import { keptTimeout, lastStored, readOnly, seenLive, storedOf } from "./session.ts";
import { headersLeave, refusalsHeard, released, shown } from "./state.ts";
import { type SessionEnd, watch } from "./watch.ts";

/*
 * What code outside of core may ask about the state of a session, and may tell it.
 */

/** Returns true if sessions of other libraries move here, so that other cookies than ours may open one. */
export function movesOthers(sessions: object): boolean {
  return (sessions as { readonly [ENGINE]: Engine })[ENGINE].legacy !== undefined;
}

/** What answers browsers at one path. */
export interface Endpoint {
  readonly path: string;
  /** `header` returns the value of a header of the request, by its name in lower case. */
  answer(header: (name: string) => string | undefined): Promise<BoundAnswer>;
}

/** Returns the endpoint of these sessions; undefined without the option `bound`. */
export function endpointOf(sessions: object): Endpoint | undefined {
  const engine = (sessions as { readonly [ENGINE]: Engine })[ENGINE];
  const { bound } = engine;
  return bound && { path: bound.path, answer: (header) => bound.answer(engine, header) };
}

/** A session in the hands of one request. */
export interface HeldSession {
  /** The session object that the request has now. `regenerate` puts another one in its place. */
  readonly data: object;
}

/** Returns the session that this object is, or was before `regenerate`. Throws StateError `not_live` for anything else. */
export function heldOf(session: object): HeldSession {
  return seenLive(session);
}

/** Tells a session that was still loading when the head of the response left that no cookie can be sent. */
export function headSent(session: object): void {
  headersLeave(seenLive(session));
}

/** Tells a session that nobody waits for the response of its request, whose end may thus never come. */
export function unawaited(session: object): void {
  const { held } = seenLive(session).turn;
  if (held?.during === "request") held.lease.lapse();
}

/** Tells a session that its request was given up while its code may still run: its lock is not released, but runs out. */
export function abandoned(session: object): void {
  const live = seenLive(session);
  if (live.turn.held?.during === "request") released(live)?.lapse();
}

/** Makes a session one that cannot be written: verbs throw StateError `read_only`. */
export function shownOnly(session: object): void {
  shown(seenLive(session));
}

/** Calls `listener` with what a guard of this session throws. */
export function hearRefusals(session: object, listener: (error: AccessError) => void): void {
  refusalsHeard(seenLive(session), listener);
}

/** Throws the error after those who answer the request have heard of it. */
export function refuse(session: object, error: AccessError): never {
  seenLive(session).turn.onRefusal?.(error);
  throw error;
}

/** Throws StateError `read_only` (503) if nobody knows who is signed in, because the store is down. */
export function refuseOutage(session: object, verb: string): void {
  const live = seenLive(session);
  if (live.phase.is === "readOnly" && live.phase.why === "outage") throw readOnly(live, verb);
}

/** Returns true if the session has ended in this request, or will end at its commit. */
export function hasEnded(session: object): boolean {
  const { phase, intent } = seenLive(session);
  return phase.is === "ended" || intent.is === "logout";
}

/** Returns true if a user is signed in with it, as far as this request knows. */
export function isSignedIn(session: object): boolean {
  return storedOf(seenLive(session))?.record.userId != null;
}

/** Returns the Set-Cookie line that the last commit made and that no response has taken, or undefined. */
export function lineDue(session: object): string | undefined {
  return seenLive(session).outbox.line;
}

/** Drops what is not saved, after a commit that is running. The session stays in use, unless it has ended. */
export function revertNow(session: object): Awaitable<void> {
  const live: Live = seenLive(session);
  if (live.phase.is === "ended") return;
  const { busy } = live.turn;
  return busy === undefined ? revert(live) : busy.then(() => revertNow(session));
}

/** How long a session lives, as its next commit will leave it. */
export interface LifetimeDue {
  /** Seconds. */
  readonly idleTimeout: number;
  readonly persistent: boolean;
  /** Seconds until it expires without a request; undefined if its time begins with the next commit. */
  readonly left: number | undefined;
  /** Seconds. The absolute timeout that it keeps; undefined if that begins with the next commit. */
  readonly keptTimeout: number | undefined;
}

/** Returns how long a session lives, also after its request is over. */
export function lifetimeDue(session: object): LifetimeDue {
  const live = seenLive(session);
  const { phase, intent, engine } = live;
  const kept = { keptTimeout: keptTimeout(live) };
  const { options } = engine;
  const asked = "lifetime" in intent ? intent.lifetime : undefined;
  const stored = lastStored(phase);
  if (asked === undefined && stored !== undefined) {
    const left = Math.max(0, stored.expiresAt - stored.record.now);
    return { idleTimeout: stored.head.idleTimeout, persistent: stored.head.persistent, left, ...kept };
  }
  const idleTimeout =
    asked?.idleTimeout ?? Math.min(options.timeouts.idle, asked?.absoluteTimeout ?? Infinity);
  return {
    idleTimeout,
    persistent: asked?.persistent ?? options.cookie.persistent,
    left: undefined,
    ...kept,
  };
}

/** Watches a session, as `watch` of its sessions does. */
export function watchOwn(session: object, onEnd: (end: SessionEnd) => unknown): Disposable {
  const { engine } = seenLive(session);
  return watch(engine, session as AnyShown, onEnd);
}

/** Returns the options of the sessions that this one belongs to. */
export function optionsOf(session: object): ResolvedOptions {
  return seenLive(session).engine.options;
}
