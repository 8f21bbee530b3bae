import { ConfigError, StateError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { setKey } from "./codec.ts";
import { saveNow } from "./commit.ts";
import { timesOf } from "./head.ts";
import { checkLifetime } from "./lifetime.ts";
import type { Intent, Lifetime, Live } from "./live.ts";
import { plainUser } from "./realm.ts";
import { headersSent, keptTimeout, seenLive, startsOver, storedOf, writableOf } from "./session.ts";
import { ask } from "./state.ts";
import { checkUserId } from "./user.ts";

const LIFETIME = ["idleTimeout", "absoluteTimeout", "persistent"] satisfies (keyof Lifetime)[];

/**
 * Asks for a new id at commit, keeping the data. With the same rights, the old id works for `rotationGrace` seconds more,
 * so that parallel requests are not logged out; its use after that is a `reused` event. With `privilegeChange` (a second
 * factor, a role) the old id is dead at once, and what requests that began under the old rights write later is dropped
 * (OWASP Session Management: renew at any change of privilege). An idle timeout given here starts anew from now; what is
 * left out stays. The absolute deadline stays where it is, and so does the time of the sign-in: only `login` starts them
 * anew (NIST SP 800-63B-4 5.2), so only with it, or before the session is stored, `absoluteTimeout` may be given.
 * A session that is not stored yet gets its id from `commit` anyway.
 * Throws StateError `headers_sent` after the first byte, `ended` after `destroy`; ConfigError for a bad lifetime.
 */
export function rotate(session: object, options: Lifetime & { privilegeChange?: boolean } = {}): void {
  const live = changeable(session, "rotate");
  refuseUnknown(options, [...LIFETIME, "privilegeChange"]);
  const { privilegeChange = false, ...given } = options;
  const kept = keptTimeout(live);
  if (kept !== undefined && given.absoluteTimeout !== undefined)
    throw new ConfigError("absoluteTimeout", "Give it to login: rotate does not move the absolute deadline.");
  const { options: limits } = live.engine;
  const absoluteTimeout = Math.min(kept ?? limits.absoluteTimeout, limits.absoluteTimeout);
  checkLifetime(given, { ...limits, absoluteTimeout });
  const lifetime = Object.values(given).some((value) => value !== undefined) ? given : undefined;
  const { intent } = live;
  if (intent.is === "login" || intent.is === "startOver") {
    if (lifetime !== undefined) ask(live, { ...intent, lifetime });
    return;
  }
  const before = intent.is === "rotate" ? intent : undefined;
  ask(live, {
    is: "rotate",
    elevated: privilegeChange || (before?.elevated ?? false),
    lifetime: lifetime ?? before?.lifetime,
  });
}

/**
 * Makes the session `userId`'s from commit on: a new id, new deadlines from now (NIST SP 800-63B-4 5.2), the old id dead
 * at once (ASVS 7.2.4). The data is kept; clear what must not be. Signing in again, or another user, is the same.
 * Throws TypeError for an id that is empty, is not well-formed Unicode, contains NUL or has more than 255 bytes of UTF-8;
 * StateError and ConfigError as `rotate` does.
 */
export function login(session: object, userId: string, lifetime: Lifetime = {}): void {
  refuseUnknown(lifetime, LIFETIME);
  checkUserId("login", userId);
  const live = changeable(session, "login");
  checkLifetime(lifetime, live.engine.options);
  ask(live, { is: "login", userId, lifetime, afresh: startsOver(live.intent) });
}

/**
 * Asks for the session to be ended at commit: its record is deleted, with every id that it ever had, and the response
 * removes the cookie. Its data is empty from now on. After the first byte the record is still deleted, but the cookie
 * stays in the browser, where it opens nothing. It cannot be taken back. Does nothing for a session that has ended. Throws
 * StateError `not_live` after the request.
 */
export function destroy(session: object): void {
  const live = writableOf(session, "destroy");
  ask(live, { is: "destroy" });
  for (const key of Object.keys(session)) setKey(session, key, undefined);
}

/**
 * Saves now what has changed until now, and does what was asked for; a cookie that is due goes with the response.
 * Rejects with StateError `ended` if the session has ended meanwhile and there is something to save, with `not_live` after
 * the request; with BackendError and DataError, of which nothing is stored.
 */
export async function commit(session: object): Promise<void> {
  await saveNow(session);
}

/** What is known about a session besides its data; times are seconds since 1970 on the store's clock. */
export interface SessionInfo {
  /** The public name of the session, for lists, logs and `revoke`. Undefined while it is not stored. */
  readonly handle: string | undefined;
  readonly userId: string | undefined;
  /** When it was created. */
  readonly createdAt: number | undefined;
  /** When its user last signed in, with `login` or by the option `userId`. Undefined if nobody is signed in. */
  readonly signedInAt: number | undefined;
  /** When it ends if no further request comes. */
  readonly expiresAt: number | undefined;
  readonly absoluteExpiresAt: number | undefined;
  readonly persistent: boolean;
  /** True if it is stored and has not ended; false before the first commit. */
  readonly stored: boolean;
}

/** Returns what is known of a session as it was at load or after the last commit, before anything that was asked for. */
export function info(session: object): SessionInfo {
  const live = seenLive(session);
  const stored = storedOf(live);
  const times = stored && timesOf(stored.record, stored.head);
  return {
    handle: stored?.handle,
    userId: plainUser(stored?.record.userId ?? null) ?? undefined,
    createdAt: times?.createdAt,
    signedInAt: times?.signedInAt,
    expiresAt: stored?.expiresAt,
    absoluteExpiresAt: stored?.record.absoluteExpiresAt,
    persistent: stored?.head.persistent ?? live.engine.options.cookie.persistent,
    stored: stored !== undefined,
  };
}

function changeable(session: object, verb: string): Live {
  const live = writableOf(session, verb);
  const intent: Intent = live.intent;
  if (live.phase.is === "ended" || intent.is === "destroy") {
    throw new StateError(
      "ended",
      `${verb}: the session was ended in this request. Let a new request begin a new one.`,
    );
  }
  if (live.outbox.headers !== "open") throw headersSent(verb);
  return live;
}
