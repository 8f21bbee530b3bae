import { ConfigError, StateError } from "../errors.ts";
import { setKey } from "./codec.ts";
import { saveNow } from "./commit.ts";
import { nameOf } from "./device.ts";
import { checkLifetime, type LoginOptions, lifetimeOf } from "./lifetime.ts";
import type { Intent, Lifetime, Live } from "./live.ts";
import type { AnySession } from "./register.ts";
import { headersSent, keptTimeout, startsOver, writableOf } from "./session.ts";
import { ask } from "./state.ts";
import { checkUserId } from "./user.ts";

/**
 * Asks for a new id at commit, keeping the data. With the same rights, the old id works for `rotationGrace` seconds more,
 * so that parallel requests are not logged out; its use after that is a `reused` event. With "elevated" (a second factor,
 * another role) the old id is dead at once, and what requests that began under the old rights write later is dropped
 * (OWASP Session Management: renew at any change of privilege). No deadline moves, and neither does the time of the
 * sign-in: only `login` starts them anew (NIST SP 800-63B-4 5.2).
 * A session that is not stored yet gets its id from `commit` anyway.
 * Throws StateError `headers_sent` after the first byte, `ended` after `logout`; TypeError for another reason.
 *
 * @example
 * rotate(session, "elevated"); // the user got another role
 */
export function rotate(session: AnySession, why?: "elevated"): void {
  const live = changeable(session, "rotate");
  if (why !== undefined && why !== "elevated")
    throw new TypeError('rotate: pass "elevated" if the rights changed, or nothing.');
  renew(live, why === "elevated", undefined);
}

/**
 * Gives a session another lifetime, with a new id. An idle timeout given here starts anew from now; what is left out
 * stays. The absolute deadline stays where it is, so `absoluteTimeout` may be given only before the session is stored or
 * with a sign-in. For members such as `session.cookie.maxAge`. Throws as `rotate` does; ConfigError for a bad lifetime.
 */
export function setLifetime(session: AnySession, given: Lifetime): void {
  const live = changeable(session, "the lifetime");
  const kept = keptTimeout(live);
  if (kept !== undefined && given.absoluteTimeout !== undefined)
    throw new ConfigError(
      "absoluteTimeout",
      "Can only be given before the session is stored, or at its sign-in.",
    );
  const { timeouts } = live.engine.options;
  checkLifetime(given, { ...timeouts, absolute: Math.min(kept ?? timeouts.absolute, timeouts.absolute) });
  renew(live, false, given);
}

function renew(live: Live, elevated: boolean, lifetime: Lifetime | undefined): void {
  const { intent } = live;
  if (intent.is === "login" || intent.is === "startOver") {
    if (lifetime !== undefined) ask(live, { ...intent, lifetime });
    return;
  }
  const before = intent.is === "rotate" ? intent : undefined;
  ask(live, {
    is: "rotate",
    elevated: elevated || (before?.elevated ?? false),
    lifetime: lifetime ?? before?.lifetime,
  });
}

/**
 * Makes the session `userId`'s from commit on: a new id, new deadlines from now (NIST SP 800-63B-4 5.2), the old id dead
 * at once (ASVS 7.2.4). A number becomes a text. The data is kept; clear what must not be. Signing in again, or another
 * user, is the same.
 * Throws UserIdError (400) for an id that is empty, is not well-formed Unicode, contains NUL or has more than 255 bytes of UTF-8;
 * StateError as `rotate` does; ConfigError for wrong timeouts.
 *
 * @example
 * login(session, user.id, { remember: "30d" });
 */
export function login(session: AnySession, userId: string | number, options: LoginOptions = {}): void {
  const user = checkUserId("login", userId);
  const live = changeable(session, "login");
  const { timeouts } = live.engine.options;
  const lifetime = lifetimeOf(options);
  checkLifetime(lifetime, timeouts);
  const device = options.device === undefined ? undefined : (nameOf("login", options.device) ?? "");
  ask(live, { is: "login", userId: user, lifetime, device, afresh: startsOver(live.intent) });
}

/**
 * Asks for the session to be ended at commit: its record is deleted, with every id that it ever had, and the response
 * removes the cookie. Its data is empty from now on. After the first byte the record is still deleted, but the cookie
 * stays in the browser, where it opens nothing. It cannot be taken back. Does nothing for a session that has ended. Throws
 * StateError `not_live` after the request.
 *
 * @example
 * logout(session);
 */
export function logout(session: AnySession): void {
  const live = writableOf(session, "logout");
  ask(live, { is: "logout" });
  for (const key of Object.keys(session)) setKey(session, key, undefined);
}

/**
 * Saves now what has changed until now, and does what was asked for; a cookie that is due goes with the response.
 * Rejects with StateError `ended` if the session has ended meanwhile and there is something to save, with `not_live` after
 * the request; with BackendError and DataError, of which nothing is stored.
 *
 * @example
 * session.cart = ["apple"];
 * await save(session); // now, and not at the end of the request
 */
export async function save(session: AnySession): Promise<void> {
  await saveNow(session);
}

function changeable(session: AnySession, verb: string): Live {
  const live = writableOf(session, verb);
  const intent: Intent = live.intent;
  if (live.phase.is === "ended" || intent.is === "logout") {
    throw new StateError(
      "ended",
      `${verb}: the session was ended in this request. Let a new request begin a new one.`,
    );
  }
  if (live.outbox.headers !== "open") throw headersSent(verb);
  return live;
}
