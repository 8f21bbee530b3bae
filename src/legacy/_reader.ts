import type { Awaitable, SessionData } from "../backends/backend.ts";
import type { Lifetime } from "../core/live.ts";

/** Sessions of another library that move here when their cookie comes, so that nobody is logged out by the change. */
export interface LegacyOptions {
  /** One for each library, name and store; those in `micropie/legacy/…`, or your own. */
  readonly readers: readonly LegacyReader[];
  /**
   * From then on the old cookies open nothing, and no reader is asked. Give the old sessions time to come by once,
   * and not longer: until then there is a short record for each one that has moved. Do not put it off later on.
   */
  readonly until: Date;
  /**
   * Turns the old data into what this application stores, such as a user's id under another key. Undefined leaves the old
   * session where it is, and it opens nothing here. It may run more than once. Default: the data as it is.
   */
  readonly convert?: ((data: SessionData) => Awaitable<SessionData | null | undefined>) | undefined;
}

/** Reads the cookies and sessions of one library, as it did itself. */
export interface LegacyReader {
  /**
   * The cookies of the old library in this raw Cookie header that pass its own check (a signature, a seal), in the
   * header's order; any others are as if they were not there. Never throws for what a client can send.
   */
  find(cookieHeader: string): Awaitable<readonly LegacyCookie[]>;
  /** The Set-Cookie lines that remove its cookies: of the same name, path and domain, companions included. */
  readonly removal: readonly string[];
}

/** One cookie of the old library that is genuine. */
export interface LegacyCookie {
  /**
   * What the session is known by: the same whenever this session comes, never the same for two sessions, and not to be
   * guessed even by somebody who has read the old store (an HMAC of the old id with the old secret, 22 characters or
   * more). If several secrets verify cookies, take one of them always: not the one that verified this cookie, and not its
   * signature, as the library may sign the same id with another one next time. The new session's id is made of it, so that two requests that arrive at once find one session, an answer that
   * got lost does no harm, and a session that has ended does not come back with its old cookie.
   *
   * Undefined where there is no such thing: a signed cookie without an id is the same for all who have the same data. Then
   * each request that brings it begins a session of its own, and it can be used again until `until`, as before.
   */
  readonly fingerprint: string | undefined;
  /**
   * By what it is remembered that the session has moved: the same whenever this session comes, never the same for two, 22
   * characters or more. It may be known, but must not depend on keys: when those change, a session that has ended would
   * come back under a new fingerprint. A hash of the old id. Default: the fingerprint.
   */
  readonly id?: string | undefined;
  /** What the old session holds; undefined if it is gone or has expired. Throws if its store failed. */
  read(): Awaitable<LegacyData | undefined>;
  /** Ends the old session, whatever became of it; there is nothing to do if it is in the cookie. Throws if its store failed. */
  end(): Awaitable<void>;
}

/** What an old session holds. */
export interface LegacyData {
  /** Without what the library itself kept in it. */
  readonly data: SessionData;
  /** How long the library would have let it live, if it had a life of its own; never longer than the new one's limits. */
  readonly lifetime?: Lifetime | undefined;
}
