import type { AnySession } from "../core/register.ts";
import { liveOf } from "../core/session.ts";
import { type LifetimeDue, lifetimeDue, optionsOf } from "../core/told.ts";
import { logout, setLifetime } from "../core/verbs.ts";

/** RFC 6265bis 5.5: browsers keep a cookie for 400 days at most. */
const LONGEST = 400 * 24 * 60 * 60;

/**
 * `req.session.cookie`, as in express-session. `maxAge` and `expires` can be set, in milliseconds. The other
 * properties are options of `createSessions`: setting them to another value throws TypeError.
 */
export interface ExpressCookie {
  /**
   * How long the session still lives without a request; null if it ends with the browser. Setting it rotates the
   * session to this lifetime, with a cookie that outlives the browser: at most 400 days together with a sign-in or in a new
   * session, else at most the session's absolute timeout, whose deadline stays; setting the current value
   * has no effect. null ends the session with the browser; 0 or less ends it now. Throws as `rotate` does.
   */
  get maxAge(): number | null;
  set maxAge(milliseconds: number | null | undefined);
  /** `maxAge` as a date. */
  get expires(): Date | null;
  set expires(date: Date | false | null | undefined);
  /** `maxAge` as it was set. It does not run down. */
  readonly originalMaxAge: number | null;
  httpOnly: boolean;
  secure: boolean;
  path: string;
  domain: string | undefined;
  sameSite: "lax" | "strict" | "none";
  partitioned: boolean;
}

/** Returns the cookie of a session, a new object at each call. */
export function cookieOf(session: AnySession): ExpressCookie {
  return new SessionCookie(session) as unknown as ExpressCookie;
}

/**
 * Sets the lifetime of a session, in milliseconds, unless it has this lifetime. null ends it with the browser; 0 or
 * less ends it now. Throws TypeError for a value that is not a number.
 */
export function setMaxAge(session: AnySession, milliseconds: number | false | null | undefined): void {
  liveOf(session);
  const now = lifetimeDue(session);
  if (milliseconds === null || milliseconds === undefined || milliseconds === false) {
    if (now.persistent) setLifetime(session, { persistent: false, idleTimeout: ordinaryIdle(session, now) });
    return;
  }
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds))
    throw new TypeError(
      "session.cookie.maxAge: give milliseconds, or null for a cookie that ends with the browser.",
    );
  if (milliseconds <= 0) {
    logout(session);
    return;
  }
  const { keptTimeout: longest = LONGEST } = now;
  const idleTimeout = Math.min(longest, LONGEST, milliseconds / 1000);
  // A date that is computed anew in each request is not the same to the millisecond.
  const tolerance = Math.min(1, idleTimeout / 20);
  if (now.persistent && Math.abs(now.idleTimeout - idleTimeout) <= tolerance) return;
  const absoluteTimeout = Math.max(idleTimeout, optionsOf(session).timeouts.absolute);
  const begins = now.keptTimeout === undefined ? { absoluteTimeout } : {};
  setLifetime(session, { idleTimeout, ...begins, persistent: true });
}

/** Returns the idle timeout of a session that nobody gave another one. */
function ordinaryIdle(session: object, { keptTimeout = Infinity }: LifetimeDue): number {
  return Math.min(optionsOf(session).timeouts.idle, keptTimeout);
}

/**
 * Returns the rest of the idle timeout of a session, and all of it, in milliseconds; null if it ends with the
 * browser.
 */
export function maxAgeOf(session: object): { left: number | null; whole: number | null } {
  const { idleTimeout, persistent, left = idleTimeout } = lifetimeDue(session);
  return persistent
    ? { left: Math.round(left * 1000), whole: idleTimeout * 1000 }
    : { left: null, whole: null };
}

const FIXED = ["httpOnly", "secure", "path", "domain", "sameSite", "partitioned"] as const;
type Fixed = Pick<ExpressCookie, (typeof FIXED)[number]>;

/** Returns the attributes that all cookies have, from the Set-Cookie line. */
function fixedOf(session: object): Fixed {
  const { attributes } = optionsOf(session).cookie;
  const found = new Map(
    attributes.split("; ").map((attribute): [string, string] => {
      const at = attribute.indexOf("=");
      return at === -1 ? [attribute, ""] : [attribute.slice(0, at), attribute.slice(at + 1)];
    }),
  );
  return {
    path: found.get("Path") ?? "/",
    domain: found.get("Domain"),
    httpOnly: found.has("HttpOnly"),
    secure: found.has("Secure"),
    sameSite: (found.get("SameSite") ?? "Lax").toLowerCase() as ExpressCookie["sameSite"],
    partitioned: found.has("Partitioned"),
  };
}

class SessionCookie {
  readonly #session: AnySession;

  constructor(session: AnySession) {
    this.#session = session;
  }

  get maxAge(): number | null {
    return maxAgeOf(this.#session).left;
  }
  set maxAge(milliseconds: number | null | undefined) {
    setMaxAge(this.#session, milliseconds);
  }

  get expires(): Date | null {
    const { maxAge } = this;
    return maxAge === null ? null : new Date(Date.now() + maxAge);
  }
  set expires(date: Date | false | null | undefined) {
    if (date !== null && date !== undefined && date !== false && !(date instanceof Date))
      throw new TypeError(
        "session.cookie.expires: give a Date, or null for a cookie that ends with the browser.",
      );
    setMaxAge(this.#session, date instanceof Date ? date.getTime() - Date.now() : null);
  }

  get originalMaxAge(): number | null {
    return maxAgeOf(this.#session).whole;
  }

  static {
    for (const name of FIXED) {
      Object.defineProperty(SessionCookie.prototype, name, {
        get(this: SessionCookie) {
          return fixedOf(this.#session)[name];
        },
        set(this: SessionCookie, value: unknown) {
          if (normalized(name, value) === fixedOf(this.#session)[name]) return;
          throw new TypeError(
            `session.cookie.${name} is the same for all sessions: give it to createSessions({ cookie: { ${name} } }).`,
          );
        },
      });
    }
  }

  /** Returns what `JSON.stringify` makes of the cookie of express-session. */
  toJSON(): object {
    const { originalMaxAge, expires } = this;
    return { originalMaxAge, expires, ...fixedOf(this.#session) };
  }
}

/** Returns an attribute in the form that `fixedOf` returns. */
function normalized(name: keyof Fixed, value: unknown): unknown {
  if (name === "domain") return value ?? undefined;
  if (name === "partitioned") return value ?? false;
  if (name !== "sameSite") return value;
  return value === true ? "strict" : typeof value === "string" ? value.toLowerCase() : value;
}
