import type { BoundDue } from "../core/bound.ts";
// The only file that knows Set-Cookie, Vary, Cache-Control and its relatives.

/** The headers that a response must have because of one session. */
export interface Due {
  /** Whether the response depends on the session, so that it needs Vary. */
  readonly varies: boolean;
  /** Whether no cache may keep it, not even the browser's. */
  readonly isPrivate?: boolean;
  /** The value of Vary. */
  readonly vary: string;
  /** The Set-Cookie line; if there is a carrier, the value of that header. */
  readonly line: string | undefined;
  /** The response header to use instead of Set-Cookie. */
  readonly carrier?: string | undefined;
  /** Whether the application says itself what caches may do: the response gets neither Vary nor Cache-Control. */
  readonly bare?: boolean;
  /** Set-Cookie lines to send with `line`. They remove the cookies of another library. */
  readonly farewells?: readonly string[];
  /** What binds the session to its browser. */
  readonly bound?: BoundDue | undefined;
}

/** The headers of a response: `Headers`, or an object with these methods. */
export type AnswerHeaders = Pick<Headers, "get" | "set" | "append" | "delete" | "getSetCookie">;

/** The headers of a response of Node. */
export interface NodeHeaders {
  getHeader(name: string): number | string | string[] | undefined;
  setHeader: (name: string, value: string | readonly string[]) => unknown;
}

/** Returns true if `addDue` has headers to add. */
export function isDue(due: Due): boolean {
  return due.varies || isPersonal(due);
}

/** Returns true if a response must have headers that are for one client only. */
export function isPersonal({ line, bound }: Due): boolean {
  return line !== undefined || bound !== undefined;
}

/**
 * Adds headers to a response. If it depends on the session: `Vary`, and `Cache-Control: private` unless the application
 * says something else. If it sets the cookie: `Vary`, and `no-store` in `Cache-Control` and its relatives, which replaces
 * the values of the application (RFC 9111 7.3, ASVS 14.3.2): a cache that stored the cookie would give one user's
 * session to everybody. If `headers` will replace those of `own`, what the application says in `own` counts too.
 */
export function addDue(headers: AnswerHeaders | NodeHeaders, due: Due, own?: AnswerHeaders): void {
  const { line, bound } = due;
  if (!isDue(due)) return;
  if (due.bare !== true) {
    const before = read(headers, "Vary");
    if (before !== due.vary || own !== undefined) {
      const existing = own === undefined ? before : joined(before, own.get("Vary"));
      const vary = existing ? varied(existing, due.vary) : due.vary;
      if (vary !== before) write(headers, "Vary", vary);
    }
    if (isPersonal(due) || due.isPrivate) noStore(headers, own);
    else if (!read(headers, "Cache-Control") && !own?.get("Cache-Control"))
      write(headers, "Cache-Control", "private");
  }
  if (bound !== undefined) {
    for (const each of bound.lines) setCookie(headers, [each]);
    for (const [name, value] of bound.fields) write(headers, name, value);
  }
  if (line === undefined) return;
  if (due.carrier !== undefined) write(headers, due.carrier, line);
  else setCookie(headers, ownLines(due));
}

/** Returns the Set-Cookie lines that a response must have. */
export function linesOf(due: Due): string[] {
  return [...(due.bound?.lines ?? []), ...ownLines(due)];
}

function ownLines({ line, carrier, farewells = [] }: Due): string[] {
  return line === undefined || carrier !== undefined ? [] : [...farewells, line];
}

/** Sets `Cache-Control: no-store`, and the same in its relatives if they are there. Keeps a value that includes it. */
export function noStore(headers: AnswerHeaders | NodeHeaders, own?: AnswerHeaders): void {
  if (!NO_STORE.test(read(headers, "Cache-Control") ?? "")) write(headers, "Cache-Control", "no-store");
  for (const name of RELATIVES) {
    const value = read(headers, name) ?? own?.get(name);
    if (value && !NO_STORE.test(value)) write(headers, name, name === NGINX ? "0" : "no-store");
  }
}

/** The name and value of a header; undefined if it is missing. */
type Field = [name: string, value: string | undefined];

/** Returns the headers by which a cache may store a response: those that `noStore` would set. */
export function lettingStore(headers: Pick<Headers, "get">): Field[] {
  const given = RELATIVES.map((name) => field(headers, name));
  const present = given.filter(([name, value]) => value && !(name === NGINX && value === "0"));
  return [field(headers, "Cache-Control"), ...present].filter(([, value]) => !NO_STORE.test(value ?? ""));
}

/** Returns Vary, if it does not say that a response depends on the cookie. */
export function lackingCookie(headers: Pick<Headers, "get">): Field | undefined {
  const [name, value = ""] = field(headers, "Vary");
  return varied(value, "Cookie") === value ? undefined : [name, value || undefined];
}

function field(headers: Pick<Headers, "get">, name: string): Field {
  return [name, headers.get(name) ?? undefined];
}

/**
 * Keeps a page out of every cache whose head is made elsewhere, after this answer: nothing may be added to `private`
 * there that lets a cache store it.
 */
export function keepOut(headers: AnswerHeaders): void {
  if (!NO_STORE.test(headers.get("Cache-Control") ?? "")) headers.set("Cache-Control", "private, no-store");
  noStore(headers);
}

const NO_STORE = /(^|[\s,])no-store($|[\s,])/i;

/** The header of nginx: seconds, or the time after an `@`. 0 means that nothing is stored. */
const NGINX = "X-Accel-Expires";

/**
 * Headers that some caches obey instead of Cache-Control: those of CDNs (RFC 9213), Surrogate-Control (Fastly, Varnish),
 * and those of Akamai, LiteSpeed and nginx.
 */
const RELATIVES = [
  ...["CDN-", "Cloudflare-CDN-", "Vercel-CDN-", "Netlify-CDN-", "Akamai-", "X-LiteSpeed-"].map(
    (cache) => `${cache}Cache-Control`,
  ),
  ...["Surrogate-Control", "Edge-Control", NGINX],
];

/** Returns the Vary value with the missing names added. `*` stays `*` (RFC 9110 12.5.5). */
function varied(existing: string, names: string): string {
  const there = existing.split(",").map((name) => name.trim().toLowerCase());
  if (there.includes("*")) return existing;
  const missing = names.split(", ").filter((name) => !there.includes(name.toLowerCase()));
  return [existing, ...missing].join(", ");
}

function joined(one: string | undefined, other: string | null): string | undefined {
  return one && other ? `${one}, ${other}` : one || other || undefined;
}

function read(headers: AnswerHeaders | NodeHeaders, name: string): string | undefined {
  if (!("getHeader" in headers)) return headers.get(name) ?? undefined;
  const value = headers.getHeader(name);
  return Array.isArray(value) ? value.join(", ") : value?.toString();
}

function write(headers: AnswerHeaders | NodeHeaders, name: string, value: string): void {
  if ("getHeader" in headers) headers.setHeader(name, value);
  else headers.set(name, value);
}

/** Adds cookies after those of the application. Removes a line of the application for the same cookie. */
function setCookie(headers: AnswerHeaders | NodeHeaders, lines: readonly string[]): void {
  const ours = nameOf(lines.at(-1)!);
  if ("getHeader" in headers) {
    const others = [headers.getHeader("Set-Cookie") ?? []].flat().map(String);
    headers.setHeader("Set-Cookie", [...others.filter((line) => nameOf(line) !== ours), ...lines]);
    return;
  }
  const others = headers.getSetCookie();
  if (others.some((line) => nameOf(line) === ours)) {
    headers.delete("Set-Cookie");
    for (const line of others) if (nameOf(line) !== ours) headers.append("Set-Cookie", line);
  }
  appendCookies(headers, lines);
}

/** Adds Set-Cookie lines. */
export function appendCookies(headers: Pick<Headers, "append">, lines: readonly string[]): void {
  for (const line of lines) headers.append("Set-Cookie", line);
}

/** Returns the name of the cookie in a Set-Cookie line. */
function nameOf(line: string): string {
  return line.slice(0, line.indexOf("=")).trim();
}

/** Returns the headers of an answer that no handler gave, each line by itself. */
export function fieldsOf({ fields, lines }: BoundDue): [name: string, value: string][] {
  const cookies = lines.map((line): [string, string] => ["Set-Cookie", line]);
  return [
    ["Cache-Control", "no-store"],
    ...fields.map(([name, value]): [string, string] => [name, value]),
    ...cookies,
  ];
}

/** The names of headers that describe one answer. */
const OF_ONE_ANSWER =
  /^(?:content-(?!security-policy).*|etag|last-modified|expires|(?:.+-)?cache-control|surrogate-control|edge-control|x-accel-expires|location|set-cookie|accept-ranges|transfer-encoding|trailer)$/i;

/** The names of headers that are the same for every answer. */
const OF_ANY_ANSWER =
  /^(?:vary|access-control-.*|content-security-policy.*|cross-origin-.*|.*-policy|strict-transport-security|x-content-type-options|x-frame-options)$/i;

/** Returns those of the names that describe one answer. An error answer must not have these headers. */
export function ofOneAnswer(names: Iterable<string>): string[] {
  return [...names].filter((name) => OF_ONE_ANSWER.test(name));
}

/** Returns those of the names that are not known to be the same for every answer. */
export function notOfAnyAnswer(names: Iterable<string>): string[] {
  return [...names].filter((name) => !OF_ANY_ANSWER.test(name));
}

/** Removes the headers that describe one answer, and sets `no-store`, to make room for an error answer. */
export function clearAnswer(headers: Headers): void {
  for (const name of ofOneAnswer(headers.keys())) headers.delete(name);
  noStore(headers);
}

/** Returns a copy of the headers, cleared by `clearAnswer`. */
export function clearedHeaders(given: Headers | Record<string, string>): Headers {
  const headers = new Headers(given);
  clearAnswer(headers);
  return headers;
}
