import { liveOf } from "../core/session.ts";
import { lifetimeDue, optionsOf } from "../core/told.ts";
import { destroy, rotate } from "../core/verbs.ts";

/** RFC 6265bis 5.5: browsers keep a cookie for 400 days at most. */
const LONGEST = 400 * 24 * 60 * 60;

/**
 * `req.session.cookie` as users of express-session know it. `maxAge` and `expires` may be set and are in
 * milliseconds, as there; the rest tells what `createSessions` was given, and setting it to anything else throws
 * TypeError.
 */
export interface ExpressCookie {
  /**
   * How long the session lives without a request, as it stands; null if it ends with the browser. Setting it rotates
   * the session into one of that lifetime, at most 400 days, whose cookie outlives the browser; the value that it has
   * already does nothing. null makes it end with the browser, 0 or less ends it. Throws as `rotate` does.
   */
  get maxAge(): number | null;
  set maxAge(milliseconds: number | null | undefined);
  /** The same as a date. */
  get expires(): Date | null;
  set expires(date: Date | false | null | undefined);
  /** `maxAge` as it was set; it does not run down. */
  readonly originalMaxAge: number | null;
  httpOnly: boolean;
  secure: boolean;
  path: string;
  domain: string | undefined;
  sameSite: "lax" | "strict" | "none";
  partitioned: boolean;
}

/** The cookie of a session, at every look another object. */
export function cookieOf(session: object): ExpressCookie {
  return new SessionCookie(session) as unknown as ExpressCookie;
}

/**
 * Gives a session another lifetime, in milliseconds, unless it has that already: null for one that ends with the
 * browser. 0 or less ends it. Throws TypeError for anything but a number.
 */
export function setMaxAge(session: object, milliseconds: number | false | null | undefined): void {
  liveOf(session);
  const now = lifetimeDue(session);
  if (milliseconds === null || milliseconds === undefined || milliseconds === false) {
    if (now.persistent) rotate(session, { persistent: false });
    return;
  }
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds))
    throw new TypeError(
      "session.cookie.maxAge: give milliseconds, or null for a cookie that ends with the browser.",
    );
  if (milliseconds <= 0) {
    destroy(session);
    return;
  }
  const idleTimeout = Math.min(LONGEST, Math.max(1, Math.round(milliseconds / 1000)));
  // A date that is computed anew in each request is not the same to the millisecond.
  if (now.persistent && Math.abs(now.idleTimeout - idleTimeout) <= 1) return;
  const absoluteTimeout = Math.max(idleTimeout, optionsOf(session).absoluteTimeout);
  rotate(session, { idleTimeout, absoluteTimeout, persistent: true });
}

/**
 * What is left of a session's idle timeout, and the whole of it, in milliseconds; null if it ends with the browser.
 */
export function maxAgeOf(session: object): { left: number | null; whole: number | null } {
  const { idleTimeout, persistent, left = idleTimeout } = lifetimeDue(session);
  return persistent
    ? { left: Math.round(left * 1000), whole: idleTimeout * 1000 }
    : { left: null, whole: null };
}

const FIXED = ["httpOnly", "secure", "path", "domain", "sameSite", "partitioned"] as const;
type Fixed = Pick<ExpressCookie, (typeof FIXED)[number]>;

/** The attributes that every cookie of the engine has, read from the line that is sent. */
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
  readonly #session: object;

  constructor(session: object) {
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

  /** What `JSON.stringify` makes of express-session's. */
  toJSON(): object {
    const { originalMaxAge, expires } = this;
    return { originalMaxAge, expires, ...fixedOf(this.#session) };
  }
}

/** Returns an attribute as `fixedOf` does. */
function normalized(name: keyof Fixed, value: unknown): unknown {
  if (name === "domain") return value ?? undefined;
  if (name === "partitioned") return value ?? false;
  if (name !== "sameSite") return value;
  return value === true ? "strict" : typeof value === "string" ? value.toLowerCase() : value;
}
