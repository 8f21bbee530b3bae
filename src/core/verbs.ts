import { AccessError, ConfigError, StateError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { setKey } from "./codec.ts";
import { saveNow } from "./commit.ts";
import { nameOf } from "./device.ts";
import { checkFactors } from "./factors.ts";
import { info } from "./info.ts";
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
 * With `by`, the user has proved these factors now, beside those of the sign-in, and `requireFresh` counts from it.
 * A session that is not stored yet gets its id from `commit` anyway.
 * Throws StateError `headers_sent` after the first byte, `ended` after `logout`; AccessError `no_user` (401) for factors of
 * nobody; TypeError for another reason, for factors without one, and for names of factors that are none.
 *
 * @example
 * rotate(session, "elevated", { by: ["totp"] }); // after its code was right
 */
export function rotate(session: AnySession, why?: "elevated", options: ElevatedOptions = {}): void {
  const live = changeable(session, "rotate");
  if (why !== undefined && why !== "elevated")
    throw new TypeError('rotate: pass "elevated" if the rights changed, or nothing.');
  refuseUnknown(options, ["by"]);
  const by = checkFactors("rotate", options.by);
  if (by.length > 0 && why === undefined) throw new TypeError('rotate: `by` needs "elevated".');
  if (by.length > 0 && info(session).userId === undefined)
    throw new AccessError("no_user", "Nobody is signed in who could prove a factor. Call login.");
  renew(live, why === "elevated", undefined, by);
}

/** What `rotate` takes with "elevated". */
export interface ElevatedOptions {
  /** The factors that the user has proved now, as `by` of `login`. */
  readonly by?: readonly string[] | undefined;
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

function renew(
  live: Live,
  elevated: boolean,
  lifetime: Lifetime | undefined,
  by: readonly string[] = [],
): void {
  const { intent } = live;
  if (intent.is === "login" || intent.is === "startOver") {
    const proved = intent.is === "login" ? { by: [...new Set([...intent.by, ...by])] } : {};
    if (lifetime !== undefined || by.length > 0)
      ask(live, { ...intent, lifetime: lifetime ?? intent.lifetime, ...proved });
    return;
  }
  const before = intent.is === "rotate" ? intent : undefined;
  ask(live, {
    is: "rotate",
    elevated: elevated || (before?.elevated ?? false),
    lifetime: lifetime ?? before?.lifetime,
    by: [...new Set([...(before?.by ?? []), ...by])],
  });
}

/**
 * Makes the session `userId`'s from commit on: a new id, new deadlines from now (NIST SP 800-63B-4 5.2), the old id dead
 * at once (ASVS 7.2.4). A number becomes a text. The data is kept; clear what must not be. Signing in again, or another
 * user, is the same: what requests that began before write later is dropped, and the factors are those of `by` alone.
 * Throws UserIdError (400) for an id that is empty, is not well-formed Unicode, contains NUL or has more than 255 bytes of UTF-8;
 * StateError as `rotate` does; ConfigError for wrong timeouts; TypeError for names of factors that are none.
 *
 * @example
 * login(session, user.id, { by: ["password"], remember: "30d" });
 */
export function login(session: AnySession, userId: string | number, options: LoginOptions = {}): void {
  const user = checkUserId("login", userId);
  const live = changeable(session, "login");
  const { timeouts } = live.engine.options;
  const lifetime = lifetimeOf(options);
  checkLifetime(lifetime, timeouts);
  const device = options.device === undefined ? undefined : (nameOf("login", options.device) ?? "");
  const by = checkFactors("login", options.by);
  ask(live, { is: "login", userId: user, lifetime, by, device, afresh: startsOver(live.intent) });
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
