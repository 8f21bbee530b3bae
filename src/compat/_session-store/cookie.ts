/** What express-session keeps of a cookie beside the data: its class, or a plain object. */
export interface StoredCookie {
  /** Milliseconds that the session lives without a request; null or false for one that ends with the browser. */
  originalMaxAge?: number | boolean | null | undefined;
  expires?: Date | string | boolean | null | undefined;
  [attribute: string]: unknown;
}

/**
 * The cookie as it is stored: its attributes in one order, whatever the store does with that, and without its
 * deadline, which is the record's and moves without a write of the data.
 */
export function keptCookie(cookie: unknown): StoredCookie {
  const { toJSON } = Object(cookie) as { toJSON?: () => unknown };
  const plain = (typeof toJSON === "function" ? toJSON.call(cookie) : cookie) as StoredCookie | undefined;
  const { expires, _expires, maxAge, ...kept } = { ...plain };
  kept.originalMaxAge ??= leftOf(cookie) ?? null;
  return Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Milliseconds until this cookie is over; undefined if it ends with the browser. */
export function leftOf(cookie: unknown): number | undefined {
  const { maxAge, expires, originalMaxAge } = Object(cookie) as { [name: string]: unknown };
  const until =
    typeof expires === "string" || expires instanceof Date ? Number(new Date(expires)) : Number.NaN;
  return [maxAge, until - Date.now(), originalMaxAge].find(
    (ms): ms is number => typeof ms === "number" && Number.isFinite(ms),
  );
}

/** The stored cookie of a session that lives for so many seconds more. */
export function liveCookie(kept: unknown, seconds: number): StoredCookie {
  const { originalMaxAge = null, ...rest } = Object(kept) as StoredCookie;
  const expires = typeof originalMaxAge === "number" ? new Date(Date.now() + seconds * 1000) : null;
  return { ...rest, originalMaxAge, expires };
}
