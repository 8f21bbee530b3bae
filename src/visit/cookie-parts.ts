import { shortName } from "../core/set-cookie.ts";
import { findTokens, findValues } from "../core/token.ts";

/** The parts of a Set-Cookie line. */
export interface CookieParts {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly domain?: string;
  /** Seconds; 0 removes the cookie. Without it, the cookie ends with the browser. */
  readonly maxAge?: number;
  readonly expires?: Date;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite?: "strict" | "lax" | "none";
  readonly partitioned: boolean;
}

/** Returns the parts of a Set-Cookie line of this library. */
export function partsOf(line: string): CookieParts {
  const [pair = "", ...rest] = line.split("; ");
  const attributes = new Map(rest.map((each) => cut(each.toLowerCase(), each)));
  const [name, value] = cut(pair, pair);
  const domain = attributes.get("domain");
  const maxAge = attributes.get("max-age");
  const expires = attributes.get("expires");
  const sameSite = attributes.get("samesite")?.toLowerCase() as CookieParts["sameSite"];
  return {
    name,
    value,
    path: attributes.get("path") ?? "/",
    ...(domain === undefined ? {} : { domain }),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    ...(expires === undefined ? {} : { expires: new Date(expires) }),
    httpOnly: attributes.has("httponly"),
    secure: attributes.has("secure"),
    ...(sameSite === undefined ? {} : { sameSite }),
    partitioned: attributes.has("partitioned"),
  };
}

/** Returns the name in `named` and the value in `text`. */
function cut(named: string, text: string): [string, string] {
  const at = text.indexOf("=");
  return at === -1 ? [named, ""] : [named.slice(0, at), text.slice(at + 1)];
}

/**
 * Returns the Cookie header with our cookies only. A session of another library would be moved here, although no
 * response can have the new cookie.
 */
export function ownCookies(header: string | null | undefined, name: string): string | undefined {
  if (!header) return undefined;
  const { tokens, present } = findTokens(header, name);
  if (tokens.length > 0) {
    const short = shortName(name);
    const proofs = findValues(header, short).map((value) => `${short}=${value}`);
    return [...tokens.map((token) => `${name}=${token}`), ...proofs].join("; ");
  }
  return present ? `${name}=` : undefined;
}

/** Returns the Cookie header that a browser sends after it got these Set-Cookie lines. */
export function cookiesAfter(header: string | null, lines: readonly string[]): string {
  const set = new Map(lines.map((line) => [partsOf(line).name, partsOf(line)]));
  const kept = (header ?? "")
    .split(";")
    .map((each) => each.trim())
    .filter((each) => each !== "" && !set.has(each.split("=", 1)[0]!.trim()));
  const added = Array.from(set.values(), ({ name, value, maxAge }) =>
    maxAge === 0 ? "" : `${name}=${value}`,
  );
  return [...kept, ...added.filter(Boolean)].join("; ");
}
