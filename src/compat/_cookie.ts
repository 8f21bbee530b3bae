import { DataError } from "../errors.ts";

/** What a session's cookie is made of; the record in the store holds the same, with `expires` as a text. */
export interface CookieData {
  originalMaxAge?: unknown;
  partitioned?: unknown;
  priority?: unknown;
  expires?: unknown;
  secure?: unknown;
  httpOnly?: unknown;
  domain?: unknown;
  path?: unknown;
  sameSite?: unknown;
}

/**
 * The cookie of a session, `req.session.cookie`: what it looks like, and how long the session lives (milliseconds).
 * A maximum age is kept to the millisecond, however often it is counted anew.
 */
export class Cookie {
  declare path: unknown;
  declare httpOnly: unknown;
  declare originalMaxAge: unknown;
  declare partitioned: unknown;
  declare priority: unknown;
  declare secure: unknown;
  declare domain: unknown;
  declare sameSite: unknown;
  // Not private: stores copy it, and make cookies without the constructor.
  declare _expires: unknown;

  constructor(options?: object | null) {
    this.path = "/";
    this.maxAge = null;
    this.httpOnly = true;
    if (options) {
      if (typeof options !== "object") throw new TypeError("argument options must be a object");
      const given = options as Record<string, unknown>;
      const own = this as unknown as Record<string, unknown>;
      // As express-session reads them, inherited ones too: another cookie may be given.
      for (const name in given) if (name !== "data") own[name] = given[name];
    }
    this.originalMaxAge ??= this.maxAge;
  }

  set expires(date: unknown) {
    this._expires = date;
    this.originalMaxAge = this.maxAge;
  }

  get expires(): unknown {
    return this._expires;
  }

  set maxAge(ms: unknown) {
    if (ms && typeof ms !== "number" && !(ms instanceof Date)) {
      throw new TypeError("maxAge must be a number or Date");
    }
    if (typeof ms !== "number") {
      this.expires = ms;
      return;
    }
    this._expires = new Date(Date.now() + ms);
    this.originalMaxAge = ms;
  }

  get maxAge(): unknown {
    return this.expires instanceof Date ? this.expires.valueOf() - Date.now() : this.expires;
  }

  get data(): CookieData {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite,
    };
  }

  serialize(name: string, value: string): string {
    return setCookieLine(name, value, this.data);
  }

  toJSON(): CookieData {
    return this.data;
  }
}

/** The cookie that a stored record had. Throws DataError for a record that has none. */
export function inflateCookie(stored: CookieData | undefined): Cookie {
  if (typeof stored !== "object" || stored === null)
    throw new DataError(
      "invalid",
      "cookie",
      "What the store has under this id is no session: it has no cookie.",
    );
  const { expires, originalMaxAge } = stored;
  const cookie = new Cookie(stored);
  if (typeof expires === "string") cookie.expires = new Date(expires);
  // Given a deadline, it counted the maximum age anew.
  cookie.originalMaxAge = originalMaxAge;
  return cookie;
}

/** Of a cookie of another class, what it would store. */
export function plainCookie(cookie: unknown): CookieData | undefined {
  const { toJSON } = Object(cookie) as { toJSON?: () => CookieData };
  return typeof toJSON === "function" ? toJSON.call(cookie) : (cookie as CookieData | undefined);
}

/** All of a cookie but its deadline, which moves with each request: what counts as a change of it. */
export function cookieText(cookie: unknown): string {
  const { expires, ...kept } = (cookie instanceof Cookie ? cookie.data : Object(cookie)) as CookieData;
  return JSON.stringify(kept);
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DOMAIN = /^\.?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const PATH = /^[\x20-\x3a\x3d-\x7e]*$/;

/** The Set-Cookie line, byte for byte as express-session writes it. Throws TypeError for what no cookie may have. */
export function setCookieLine(name: string, value: string, cookie: CookieData): string {
  const { domain, path, expires, priority, sameSite } = cookie;
  if (!NAME.test(name)) throw new TypeError("argument name is invalid");
  let line = `${name}=${encodeURIComponent(value)}`;
  if (domain) {
    if (!DOMAIN.test(String(domain))) throw invalid("domain");
    line += `; Domain=${domain}`;
  }
  if (path) {
    if (!PATH.test(String(path))) throw invalid("path");
    line += `; Path=${path}`;
  }
  if (expires) {
    if (!(expires instanceof Date) || Number.isNaN(expires.valueOf())) throw invalid("expires");
    line += `; Expires=${expires.toUTCString()}`;
  }
  if (cookie.httpOnly) line += "; HttpOnly";
  if (cookie.secure) line += "; Secure";
  if (cookie.partitioned) line += "; Partitioned";
  if (priority) line += `; Priority=${oneOf(["Low", "Medium", "High"], priority, "priority")}`;
  if (sameSite) {
    const given = sameSite === true ? "strict" : sameSite;
    line += `; SameSite=${oneOf(["Lax", "Strict", "None"], given, "sameSite")}`;
  }
  return line;
}

function oneOf(names: readonly string[], given: unknown, option: string): string {
  const found = names.find((name) => name.toLowerCase() === String(given).toLowerCase());
  if (found === undefined) throw invalid(option);
  return found;
}

function invalid(option: string): TypeError {
  return new TypeError(`option ${option} is invalid`);
}
