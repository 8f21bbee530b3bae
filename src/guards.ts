import { info, provedAgo } from "./core/info.ts";
import type { AnyShown } from "./core/register.ts";
import { refuse, refuseOutage } from "./core/told.ts";
import { type Duration, secondsOf, textOf } from "./duration.ts";
import { AccessError } from "./errors.ts";

/**
 * Returns the id of the user who is signed in. Throws AccessError `no_user` (401) if nobody is: adapters answer it, and with
 * the option `signIn` they send a browser that asked for a page to the sign-in page. Throws StateError `read_only` (503)
 * instead where the store is down and `whenDown` is "anonymous", as nobody is to sign in again because of that; `not_live`
 * for anything that is no session. As `info`, it tells of the session as this request will leave it.
 *
 * @example
 * const userId = requireUser(session);
 */
export function requireUser(session: AnyShown): string {
  refuseOutage(session, "requireUser");
  const { userId } = info(session);
  return userId ?? refuse(session, new AccessError("no_user", "Sign in first."));
}

/**
 * Returns the id of the user who is signed in, if that proved who it is at most `within` ago: by a sign-in, or by a factor
 * that came later (`rotate(session, "elevated", { by })`). With `by`, that factor itself was proved within that time: what a
 * factor proves is over then, and neither another factor nor a rotation prolongs it. Throws AccessError `not_fresh` (401), whose
 * members `maxAge` (seconds) and `by` say what is asked for; ConfigError for a duration that is none; what `requireUser` throws
 * (NIST SP 800-63B-4 5.2; ASVS 7.5.1 and 7.5.3; RFC 9470).
 *
 * @example
 * const userId = requireFresh(session, "10m", "totp"); // a code of the last ten minutes
 */
export function requireFresh(session: AnyShown, within: Duration, by?: string): string {
  const maxAge = secondsOf("within", within, 0, 0.001);
  const userId = requireUser(session);
  const ago = provedAgo(session, by);
  if (ago !== undefined && ago <= maxAge) return userId;
  const what = by === undefined ? "Sign in again" : `Prove ${by}`;
  const asked = { maxAge, by: by === undefined ? [] : [by] };
  return refuse(session, new AccessError("not_fresh", `${what}: once in ${textOf(maxAge)}.`, asked));
}

export type { AnyShown } from "./core/register.ts";
