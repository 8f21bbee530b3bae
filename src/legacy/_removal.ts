import { cookieFormat, removalCookie } from "../core/set-cookie.ts";

/** How the old library set its cookie; a removal has to name the same path, domain and flags. */
export interface LegacyCookieOptions {
  /** Default `/`. */
  readonly path?: string | null | undefined;
  /** Default none. */
  readonly domain?: string | null | undefined;
  readonly secure?: boolean | "auto" | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly sameSite?: boolean | string | null | undefined;
  readonly partitioned?: boolean | undefined;
  /** Ignored: a removal needs no age. */
  readonly maxAge?: unknown;
}

/** Returns the Set-Cookie line that removes a cookie. Throws ConfigError `cookie.…` for options that no browser accepts. */
export function removalLine(name: string, cookie: LegacyCookieOptions = {}): string {
  const sameSite = cookie.sameSite === true ? "strict" : String(cookie.sameSite || "lax").toLowerCase();
  const secure = cookie.secure === true || /^__(secure|host)-/i.test(name);
  const host = /^__host-/i.test(name);
  return removalCookie(
    cookieFormat({
      name,
      path: (!host && cookie.path) || "/",
      ...(cookie.domain && !host ? { domain: cookie.domain } : {}),
      // Over plain http, a browser would refuse to remove a cookie with a flag that it did not have.
      secure,
      httpOnly: cookie.httpOnly ?? true,
      sameSite: sameSite === "strict" ? "strict" : sameSite === "none" && secure ? "none" : "lax",
      partitioned: secure && cookie.partitioned === true,
    }),
  );
}
