import type { SessionData } from "../../backends/backend.ts";
import { resolveOptions } from "../../core/options.ts";
import { storedUser } from "../../core/realm.ts";
import type { ResolvedOptions, UserIdOf } from "../../core/resolved-options.ts";
import { userOf } from "../../core/user.ts";
import { ConfigError } from "../../errors.ts";
import { refuseUnknown } from "../../option-names.ts";

/** Ten years: no limit, in a number that every store can count. */
const NONE = 315_360_000;

/** Options of `SessionStore`. `Data` is what `req.session` holds. */
export interface SessionStoreOptions<Data extends object = Record<string, unknown>> {
  /** Seconds without a request after which a session ends whose cookie has no `maxAge`. Default eight hours. */
  readonly idleTimeout?: number | undefined;
  /** Seconds since it was created, or its user signed in, after which a session ends. Default: never. */
  readonly absoluteTimeout?: number | undefined;
  /** Seconds by which a deadline moves at least, so that reading costs no write. Default a 20th of the timeout, at most 60. */
  readonly touchThrottle?: number | undefined;
  /** Seconds that one call of the back-end may take. Default 5. */
  readonly backendTimeout?: number | undefined;
  /**
   * Whose session it is, so that `listByUser` and `revokeAll` find it; undefined or null while nobody is signed in.
   * Asked at each save. With passport: `(session) => session.passport?.user`, if that is an id and not an object.
   */
  readonly userId?: ((session: Data) => string | number | null | undefined) | undefined;
  /**
   * Whose store it is: sessions and users of another realm are strangers on the same back-end. That of the sessions whose
   * `listByUser` and `revokeAll` shall find these. Default `session_id`, as of `createSessions`.
   */
  readonly realm?: string | undefined;
}

/** The options with their defaults. */
export interface ResolvedStoreOptions {
  readonly engine: ResolvedOptions;
  /** As the store has it. */
  readonly userId: (session: object) => string | undefined;
}

const KNOWN = ["idleTimeout", "absoluteTimeout", "touchThrottle", "backendTimeout", "userId", "realm"];

/** Throws ConfigError that names the option which is wrong. */
export function resolveStoreOptions<Data extends object>(
  options: SessionStoreOptions<Data>,
): ResolvedStoreOptions {
  refuseUnknown(options, KNOWN);
  const { userId, absoluteTimeout = NONE, ...rest } = options;
  if (userId !== undefined && typeof userId !== "function") {
    throw new ConfigError("userId", "Give a function from the session to its user's id.");
  }
  const engine = resolveOptions({ ...rest, absoluteTimeout });
  return {
    engine,
    userId(session) {
      const user = userId === undefined ? null : userOf(userId as UserIdOf, session as SessionData);
      return user === null ? undefined : storedUser(engine.realm, user);
    },
  };
}
