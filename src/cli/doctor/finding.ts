/** Something that is wrong with a session cookie. */
export interface Finding {
  /** Stays the same across releases. */
  readonly code: FindingCode;
  /** What was seen, quoted; no cookie's value is in it. */
  readonly seen: string;
  /** Why it matters. */
  readonly why: string;
  /** What to change, by the name of the option. */
  readonly fix: string;
}

export type FindingCode =
  | "unreachable"
  | "server_error"
  | "redirect_to_https"
  | "redirect_to_http"
  | "redirect_loop"
  | "redirect_elsewhere"
  | "no_cookie"
  | "which_cookie"
  | "refused"
  | "secure_over_http"
  | "not_secure"
  | "not_http_only"
  | "same_site"
  | "path"
  | "domain"
  | "too_large"
  | "set_twice"
  | "cacheable"
  | "from_cache"
  | "no_vary"
  | "not_kept";

/** Returns a URL as it may be printed: without its query, user and password. */
export function shownUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}
