import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";

/** How the session's cookie looks. The defaults are MicroPie's. */
export interface CookieOptions {
  /** Default `session_id`. A prefix written into the name is checked as `prefix` is. */
  name?: string | undefined;
  /**
   * `__Host-` (this host only, ASVS 3.3.3) or `__Secure-` (ASVS 3.3.1), put before the name. The browser then refuses
   * the cookie if it was set over plain http or, for `__Host-`, by another host. Recommended in production: `__Host-`.
   * Default none; "" says that this is meant, so that no hint is given.
   */
  prefix?: "__Host-" | "__Secure-" | "" | undefined;
  /** Default `/`. */
  path?: string | undefined;
  /** Default none: this host only. */
  domain?: string | undefined;
  /** Default true. Only for plain http on another name than localhost is there a reason to turn it off. */
  secure?: boolean | undefined;
  /** Default `lax`. `none` needs `secure`. */
  sameSite?: "strict" | "lax" | "none" | undefined;
  /** Default true. */
  httpOnly?: boolean | undefined;
  /** CHIPS: one cookie for each top-level site. Needs `secure`. Default false. */
  partitioned?: boolean | undefined;
  /** Sends Max-Age, so that the cookie outlives the browser, up to the absolute timeout. Default false (NIST 5.1.1). */
  persistent?: boolean | undefined;
}

/** What `serializeCookie` needs, worked out once at start. */
export interface CookieFormat {
  readonly name: string;
  readonly secure: boolean;
  readonly persistent: boolean;
  readonly path: string;
  readonly attributes: string;
  /** It could have the prefix `__Host-` as it is, and nobody said that it is to have none. */
  readonly unprefixed: boolean;
}

/** RFC 6265bis 5.5: browsers keep a cookie for 400 days at most. */
const MAX_AGE_LIMIT = 400 * 24 * 60 * 60;
const MAX_COOKIE = 4096;
const TOKEN_LENGTH = 48;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]{1,1024}$/;
const DOMAIN = /^\.?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const NAMES = [
  "name",
  "prefix",
  "path",
  "domain",
  "secure",
  "sameSite",
  "httpOnly",
  "partitioned",
  "persistent",
] satisfies (keyof CookieOptions)[];

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;

/** Checks the options against each other and the rules of RFC 6265bis and CHIPS. Throws ConfigError. */
export function cookieFormat(options: CookieOptions = {}): CookieFormat {
  refuseUnknown(options, NAMES, "cookie.");
  const {
    path = "/",
    domain,
    secure = true,
    sameSite = "lax",
    httpOnly = true,
    partitioned = false,
  } = options;
  const name = `${options.prefix ?? ""}${options.name ?? "session_id"}`;
  if (!NAME.test(name))
    throw new ConfigError("cookie.name", `${JSON.stringify(name)} is not a cookie name (RFC 6265bis 4.1.1).`);
  if (name.length + 1 + TOKEN_LENGTH > MAX_COOKIE)
    throw new ConfigError("cookie.name", "Name and value are over 4096 bytes.");
  for (const flag of ["secure", "httpOnly", "partitioned", "persistent"] as const) {
    if (typeof (options[flag] ?? true) !== "boolean")
      throw new ConfigError(`cookie.${flag}`, "Pass true or false.");
  }
  if (typeof path !== "string" || !path.startsWith("/") || !ATTRIBUTE.test(path)) {
    throw new ConfigError(
      "cookie.path",
      'Give a path that begins with "/", without ";" or control characters.',
    );
  }
  if (domain !== undefined && !DOMAIN.test(domain))
    throw new ConfigError("cookie.domain", "Give a host name, such as example.com.");
  if (!Object.hasOwn(SAME_SITE, sameSite))
    throw new ConfigError("cookie.sameSite", 'Pass "strict", "lax" or "none".');
  checkPrefix(name, { path, domain, secure, httpOnly });
  if (sameSite === "none" && !secure)
    throw new ConfigError("cookie.sameSite", '"none" needs cookie.secure: browsers refuse it otherwise.');
  if (partitioned && !secure)
    throw new ConfigError("cookie.partitioned", "Needs cookie.secure: browsers refuse it otherwise.");
  const attributes =
    `; Path=${path}` +
    (domain === undefined ? "" : `; Domain=${domain}`) +
    (httpOnly ? "; HttpOnly" : "") +
    (secure ? "; Secure" : "") +
    `; SameSite=${SAME_SITE[sameSite]}` +
    (partitioned ? "; Partitioned" : "");
  const unprefixed =
    options.prefix === undefined && !name.startsWith("__") && secure && domain === undefined && path === "/";
  return { name, secure, persistent: options.persistent ?? false, path, attributes, unprefixed };
}

/** Browsers compare prefixes without regard to case, so `__host-` is held to the rules too. */
function checkPrefix(
  name: string,
  cookie: { path: string; domain: string | undefined; secure: boolean; httpOnly: boolean },
): void {
  const lower = name.toLowerCase();
  const host = lower.startsWith("__host-");
  const http = lower.startsWith("__http-") || lower.startsWith("__host-http-");
  if (!host && !http && !lower.startsWith("__secure-")) return;
  if (!cookie.secure)
    throw new ConfigError(
      "cookie.secure",
      `The prefix of ${name} needs it: browsers refuse the cookie otherwise.`,
    );
  if (http && !cookie.httpOnly) throw new ConfigError("cookie.httpOnly", `The prefix of ${name} needs it.`);
  if (!host) return;
  if (cookie.domain !== undefined)
    throw new ConfigError("cookie.domain", "__Host- means this host only: leave the domain out.");
  if (cookie.path !== "/") throw new ConfigError("cookie.path", '__Host- needs the path "/".');
}

/** The name of the short cookie that stands beside the session's, if that is bound to a device; see the option `bound`. */
export function shortName(name: string): string {
  return `${name}_bound`;
}

/** The Set-Cookie line that gives a token to the browser; with `maxAge` (seconds), a cookie that outlives it. */
export function serializeCookie(format: CookieFormat, token: string, maxAge?: number): string {
  if (maxAge === undefined) return `${format.name}=${token}${format.attributes}`;
  const seconds = Math.max(1, Math.min(Math.floor(maxAge), MAX_AGE_LIMIT));
  return `${format.name}=${token}; Max-Age=${seconds}${format.attributes}`;
}

/** The Set-Cookie line that takes it away: same name, path, domain and flags, or prefixed cookies would stay. */
export function removalCookie(format: CookieFormat): string {
  return `${format.name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${format.attributes}`;
}
