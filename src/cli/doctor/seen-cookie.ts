/** A cookie that an answer sets. */
export interface SeenCookie {
  readonly name: string;
  /** Secret: it is sent back, and never printed. */
  readonly value: string;
  /** The header as it may be printed: without the value, and without anything that is no attribute of a cookie. */
  readonly shown: string;
  /** The length of name and value together, which browsers limit. */
  readonly bytes: number;
  readonly path: string | undefined;
  readonly domain: string | undefined;
  /** In lower case. */
  readonly sameSite: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly partitioned: boolean;
  /** Whether the line takes the cookie away. */
  readonly isRemoval: boolean;
}

const ATTRIBUTE = /^(path|domain|max-age|expires|httponly|secure|samesite|partitioned|priority)(=|$)/i;

/** Reads a Set-Cookie line as browsers do (RFC 6265bis 5.6): of two attributes with one name, the last one counts. */
export function readSetCookie(line: string): SeenCookie {
  const [pair = "", ...parts] = line.split(";").map((part) => part.trim());
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(equals, 0)).trim();
  const value = pair.slice(equals + 1).trim();
  const attributes = new Map(parts.map(attributeOf));
  const maxAge = attributes.get("max-age");
  const isOver = maxAge === undefined ? isPast(attributes.get("expires")) : Number(maxAge) <= 0;
  return {
    name,
    value,
    shown: `Set-Cookie: ${[`${name}=…`, ...parts.map((part) => (ATTRIBUTE.test(part) ? part : "…"))].join("; ")}`,
    bytes: name.length + value.length,
    path: attributes.get("path"),
    domain: attributes.get("domain") || undefined,
    sameSite: attributes.get("samesite")?.toLowerCase(),
    secure: attributes.has("secure"),
    httpOnly: attributes.has("httponly"),
    partitioned: attributes.has("partitioned"),
    isRemoval: value === "" || isOver,
  };
}

function attributeOf(part: string): [name: string, value: string] {
  const equals = part.indexOf("=");
  if (equals === -1) return [part.toLowerCase(), ""];
  return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
}

function isPast(expires: string | undefined): boolean {
  return expires !== undefined && Date.parse(expires) <= Date.now();
}

/** Returns the path that browsers keep for a cookie (RFC 6265bis 5.1.4): without one, the folder of the path asked. */
export function pathKept({ path }: SeenCookie, { pathname }: URL): string {
  return path?.startsWith("/") ? path : pathname.slice(0, Math.max(1, pathname.lastIndexOf("/")));
}
