/** What the browser may do with the page: load its own two files, ask for it again, and send its forms. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const GUARDED: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // With less, browsers would send "Origin: null", which cannot be told from another site.
  "referrer-policy": "same-origin",
  "x-robots-tag": "noindex",
};

/** The headers of a page, which nothing keeps. */
export const OF_PAGE: Readonly<Record<string, string>> = { ...GUARDED, "cache-control": "no-store" };

/** The headers of a file, whose name is another one when it changes. */
export const OF_ASSET: Readonly<Record<string, string>> = {
  ...GUARDED,
  "cache-control": "private, max-age=31536000, immutable",
};

/** Returns whether a response is one of the page, and not one that an App gave before anybody was asked who it is. */
export function isOfPage(response: Response): boolean {
  return response.headers.has("content-security-policy");
}
