import type { SessionRecord } from "../backends/backend.ts";
import { type Factors, factorsIn, provedLater } from "./factors.ts";
import { type Head, timesOf } from "./head.ts";
import { checkLifetime } from "./lifetime.ts";
import type { Intent, Lifetime, Live, Stored } from "./live.ts";
import { plainUser } from "./realm.ts";
import type { AnyShown } from "./register.ts";
import { beginsAnother, seenLive, startsOver, storedOf } from "./session.ts";
import { intentOf } from "./user.ts";

/** What is known about a session besides its data; times are seconds since 1970 on the store's clock. */
export interface SessionInfo {
  /**
   * The public name of the session, for `sessions.revoke`, lists and logs. It opens nothing. Undefined for a session that
   * is not stored yet.
   */
  readonly handle: string | undefined;
  /** Who is signed in, if anybody is. */
  readonly userId: string | undefined;
  /** When it was created. */
  readonly createdAt: number | undefined;
  /** When its user last signed in, with `login` or by the option `userIdOf`. Undefined if nobody is signed in. */
  readonly signedInAt: number | undefined;
  /**
   * When its user last proved who it is: at the sign-in, or by a factor that came later, with `rotate(session, "elevated",
   * { by })`. Undefined if nobody is signed in.
   */
  readonly authenticatedAt: number | undefined;
  /** The factors that its user has proved: `by` of `login` and `rotate`. */
  readonly by: readonly string[];
  /** When it ends if no further request comes. */
  readonly expiresAt: number | undefined;
  readonly absoluteExpiresAt: number | undefined;
  /** Whether its cookie outlives the browser. */
  readonly persistent: boolean;
  /** True if there is a record of it that this request does not end. */
  readonly stored: boolean;
}

/**
 * Returns what is known of a session, as this request will leave it: after `login` it is the new user's, after `logout`
 * nobody's. Works after the request too, and for a session that can only be looked at. Throws StateError `not_live` for
 * anything that is no session.
 *
 * @example
 * const { userId, handle, expiresAt } = info(session);
 */
export function info(session: AnyShown): SessionInfo {
  const live = seenLive(session);
  const intent = dueIntent(live);
  const stored = storedOf(live);
  if (intent.is === "logout") return nobody(live);
  if (intent.is === "login") return asSignedIn(live, stored, intent);
  if (intent.is === "startOver") return { ...nobody(live), persistent: persistentBy(live, intent.lifetime) };
  if (stored === undefined) return { ...nobody(live), persistent: persistentBy(live, lifetimeIn(intent)) };
  const told = ofRecord(stored.handle, stored.record, headDue(stored, intent));
  return { ...told, expiresAt: stored.expiresAt, ...renewed(live, stored, lifetimeIn(intent)) };
}

/**
 * Returns how many seconds ago the user proved who it is, or proved this factor; undefined for nobody, and for a factor that
 * was not proved. As `info`, it tells of the session as the request will leave it.
 */
export function provedAgo(session: AnyShown, factor?: string): number | undefined {
  const live = seenLive(session);
  const intent = dueIntent(live);
  if (intent.is === "login") return factor === undefined || intent.by.includes(factor) ? 0 : undefined;
  const stored = storedOf(live);
  if (stored === undefined || intent.is === "logout" || intent.is === "startOver") return undefined;
  const head = headDue(stored, intent);
  const { signedInAt } = timesOf(stored.record, head);
  const factors = factorsIn(head, signedInAt);
  const at = factor === undefined ? latest(signedInAt, factors) : factors[factor];
  // Both are by the store's clock, so that no server's clock makes a sign-in fresher than it is.
  return at === undefined ? undefined : stored.record.now - at;
}

/** The head with the factors that the request has proved. */
function headDue({ head, record }: Stored, intent: Intent): Head {
  return intent.is === "rotate" ? provedLater(head, intent.by, record.now) : head;
}

function latest(signedInAt: number | undefined, factors: Factors): number | undefined {
  return signedInAt === undefined ? undefined : Math.max(signedInAt, ...Object.values(factors));
}

/** Returns what is known of a stored record. */
export function ofRecord(handle: string, record: SessionRecord, head: Head): SessionInfo {
  const { createdAt, signedInAt } = timesOf(record, head);
  const factors = factorsIn(head, signedInAt);
  return {
    handle,
    userId: plainUser(record.userId) ?? undefined,
    createdAt,
    signedInAt,
    authenticatedAt: latest(signedInAt, factors),
    by: Object.keys(factors),
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
    persistent: head.persistent,
    stored: true,
  };
}

/**
 * Returns the handle that a session will have after this request; undefined if it ends, or if its next record is a new
 * one.
 */
export function handleDue(session: AnyShown): string | undefined {
  const live = seenLive(session);
  const stored = storedOf(live);
  const intent = dueIntent(live);
  if (stored === undefined || intent.is === "logout" || beginsAnother(stored, intent)) return undefined;
  return stored.handle;
}

/** What the request asks for; nothing once it is over: then what is stored counts. */
function dueIntent(live: Live): Intent {
  if (live.phase.is !== "new" && live.phase.is !== "stored") return { is: "none" };
  try {
    return intentOf(live);
  } catch {
    // The option `userIdOf` refuses the data, and so will the commit.
    return live.intent;
  }
}

function nobody({ engine }: Live): SessionInfo {
  return {
    handle: undefined,
    userId: undefined,
    createdAt: undefined,
    signedInAt: undefined,
    authenticatedAt: undefined,
    by: [],
    expiresAt: undefined,
    absoluteExpiresAt: undefined,
    persistent: engine.options.cookie.persistent,
    stored: false,
  };
}

function asSignedIn(
  live: Live,
  stored: Stored | undefined,
  intent: Extract<Intent, { is: "login" }>,
): SessionInfo {
  const { backend, options } = live.engine;
  const now = backend.now();
  const { idleTimeout, absoluteTimeout } = checkLifetime(intent.lifetime, options.timeouts);
  const kept = stored === undefined || beginsAnother(stored, intent) ? undefined : stored;
  return {
    handle: kept?.handle,
    userId: intent.userId,
    createdAt: kept && !startsOver(intent) ? timesOf(kept.record, kept.head).createdAt : undefined,
    signedInAt: now,
    authenticatedAt: now,
    by: intent.by,
    expiresAt: now + idleTimeout,
    absoluteExpiresAt: now + absoluteTimeout,
    persistent: persistentBy(live, intent.lifetime),
    stored: stored !== undefined,
  };
}

/** What a rotation to another lifetime changes. */
function renewed(live: Live, stored: Stored, lifetime: Lifetime | undefined): Partial<SessionInfo> {
  if (lifetime === undefined) return {};
  const { idleTimeout = stored.head.idleTimeout, persistent = stored.head.persistent } = lifetime;
  const expiresAt = Math.min(live.engine.backend.now() + idleTimeout, stored.record.absoluteExpiresAt);
  return { expiresAt, persistent };
}

function lifetimeIn(intent: Intent): Lifetime | undefined {
  return "lifetime" in intent ? intent.lifetime : undefined;
}

function persistentBy({ engine }: Live, lifetime: Lifetime | undefined): boolean {
  return lifetime?.persistent ?? engine.options.cookie.persistent;
}
