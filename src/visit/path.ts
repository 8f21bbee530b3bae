import { ConfigError } from "../errors.ts";

// A target that the URL parser would return unchanged: no dot segments and nothing to encode.
const PLAIN = /^\/[\w\-~!$&'()*+,;=:@%/?.]*$/;

/**
 * Returns the path and query of a request target or a URL, as a URL parser reads it: dot segments are resolved, also
 * encoded ones, and backslashes are slashes. A target that has no path, such as `*`, is returned unchanged.
 */
export function targetIn(url: string): string {
  const scheme = url.startsWith("/") ? -1 : url.indexOf("://");
  const start = scheme === -1 ? 0 : url.indexOf("/", scheme + 3);
  const target = start > 0 ? url.slice(start) : url;
  if (PLAIN.test(target) && !target.includes("/.") && !target.includes("%2")) return target;
  const parsed = URL.parse(url.startsWith("/") ? `http://localhost${url}` : url);
  return parsed?.pathname.startsWith("/") ? parsed.pathname + parsed.search : url;
}

/**
 * Returns a path percent-decoded, so that there is one way to write each path. `%2F` and `%25` stay, as a slash in a
 * segment separates nothing. A segment with a malformed escape stays as it is.
 */
export function decodedPath(path: string): string {
  return path.includes("%") ? path.split("/").map(decodedSegment).join("/") : path;
}

function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment).replaceAll("%", "%25").replaceAll("/", "%2F");
  } catch {
    return segment;
  }
}

/**
 * Returns true if browsers send a cookie with this path to this target or URL (RFC 6265 5.1.4), or if there is none. They
 * compare paths as they are written, not decoded.
 */
export function isBelow(cookiePath: string, url: string): boolean {
  if (url === "") return true;
  const target = targetIn(url);
  if (!target.startsWith(cookiePath)) return false;
  return cookiePath.endsWith("/") || /^[/?#]?$/.test(target.charAt(cookiePath.length));
}

/** Returns the path of a request target or a URL, to compare: without the query, normalized and decoded. */
export function pathIn(url: string): string {
  const target = targetIn(url);
  const query = target.indexOf("?");
  return decodedPath(query === -1 ? target : target.slice(0, query));
}

/**
 * Returns a function that returns true for a path, as `pathIn` returns it, that is one of these or below one that ends in
 * `*`. Throws ConfigError that names the option.
 */
export function pathMatcher(option: string, paths: readonly string[]): (path: string) => boolean {
  const exact = new Set<string>();
  const below: string[] = [];
  for (const path of Array.isArray(paths) ? (paths as string[]) : [""]) {
    if (typeof path !== "string" || !path.startsWith("/") || path.slice(0, -1).includes("*"))
      throw new ConfigError(
        option,
        'Give paths that begin with "/". "*" may stand at the end, as in "/assets/*".',
      );
    if (path.endsWith("*")) below.push(decodedPath(path.slice(0, -1)));
    else exact.add(decodedPath(path));
  }
  return (path) => exact.has(path) || below.some((start) => path.startsWith(start));
}
