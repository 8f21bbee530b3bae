import type { SessionData } from "../../backends/backend.ts";
import type { Timeouts } from "../../core/lifetime.ts";
import { resolveOptions } from "../../core/options.ts";
import { storedUser } from "../../core/realm.ts";
import type { ResolvedOptions, UserIdOf } from "../../core/resolved-options.ts";
import { userOf } from "../../core/user.ts";
import type { Duration } from "../../duration.ts";
import { ConfigError } from "../../errors.ts";
import { refuseUnknown } from "../../option-names.ts";

/** Ten years: no limit, in a number that every store can count. */
const NONE = "3650d";

/** Options of `SessionStore`. `Data` is what `req.session` holds. */
export interface SessionStoreOptions<Data extends object = Record<string, unknown>> {
  /**
   * `idle`: the time without a request after which a session ends whose cookie has no `maxAge`, default eight hours.
   * `absolute`: the time since it was created, or its user signed in, after which a session ends, default never.
   */
  readonly timeouts?: Omit<Timeouts, "level"> | undefined;
  /** A deadline moves by at least this much, so that reading costs no write. Default a 20th of `timeouts.idle`, at most 60 s. */
  readonly touchThrottle?: Duration | undefined;
  /** How long one call of the back-end may take. Default 5 s. */
  readonly backendTimeout?: Duration | undefined;
  /**
   * Whose session it is, so that `sessions.list` and `sessions.revoke` find it; undefined or null while nobody is signed in.
   * Asked at each save. With passport: `(session) => session.passport?.user`, if that is an id and not an object.
   */
  readonly userIdOf?: ((session: Data) => string | number | null | undefined) | undefined;
  /**
   * Whose store it is: sessions and users of another realm are strangers on the same back-end. That of the sessions whose
   * `list` and `revoke` shall find these. Default `session_id`, as of `createSessions`.
   */
  readonly realm?: string | undefined;
}

/** The options with their defaults. */
export interface ResolvedStoreOptions {
  readonly engine: ResolvedOptions;
  /** As the store has it. */
  readonly userId: (session: object) => string | undefined;
}

const KNOWN = ["timeouts", "touchThrottle", "backendTimeout", "userIdOf", "realm"];

/** Throws ConfigError that names the option which is wrong. */
export function resolveStoreOptions<Data extends object>(
  options: SessionStoreOptions<Data>,
): ResolvedStoreOptions {
  refuseUnknown(options, KNOWN);
  const { userIdOf, timeouts = {}, ...rest } = options;
  refuseUnknown(timeouts, ["idle", "absolute"], "timeouts.");
  if (userIdOf !== undefined && typeof userIdOf !== "function") {
    throw new ConfigError("userIdOf", "Give a function from the session to its user's id.");
  }
  const engine = resolveOptions({ ...rest, timeouts: { absolute: NONE, ...timeouts } });
  return {
    engine,
    userId(session) {
      const user = userIdOf === undefined ? null : userOf(userIdOf as UserIdOf, session as SessionData);
      return user === null ? undefined : storedUser(engine.realm, user);
    },
  };
}
