import { SessionError } from "../errors.ts";

// The only file that knows the headers of a response that a session concerns: Set-Cookie, Vary, Cache-Control.

/** What a response must carry because of one session. */
export interface Due {
  /** Whether the response depends on the session. */
  readonly varies: boolean;
  /** The request headers that it then depends on, as Vary names them. */
  readonly vary: string;
  /** The Set-Cookie line; or, if there is a carrier, its value. */
  readonly line: string | undefined;
  /** The response header that takes the place of Set-Cookie. */
  readonly carrier?: string | undefined;
  /** Set-Cookie lines that go with `line`: they remove the cookies that the session had in another library. */
  readonly farewells?: readonly string[];
}

/** The headers of a response, as `Headers` and all that is like it has them. */
export type AnswerHeaders = Pick<Headers, "get" | "set" | "append" | "delete" | "getSetCookie">;

/** The headers of a response of Node. */
export interface NodeHeaders {
  getHeader(name: string): number | string | string[] | undefined;
  setHeader: (name: string, value: string | readonly string[]) => unknown;
}

/** Returns true if `addDue` has something to add. */
export function isDue({ varies, line }: Due): boolean {
  return varies || line !== undefined;
}

/**
 * Adds to a response what it must carry: `Vary` if it depends on the session or sets its cookie; with the cookie
 * `Cache-Control: no-store`, whatever the application said (RFC 9111 7.3, ASVS 14.3.2), as a cache that kept the cookie
 * would give one user's session to all. `own` is a header list that these headers will replace, whose Vary is kept.
 */
export function addDue(headers: AnswerHeaders | NodeHeaders, due: Due, own?: AnswerHeaders): void {
  const { line } = due;
  if (line === undefined && !due.varies) return;
  const before = read(headers, "Vary");
  const vary = varied(own === undefined ? before : joined(before, own.get("Vary")), due.vary);
  if (vary !== before) write(headers, "Vary", vary);
  if (line === undefined) return;
  noStore(headers);
  if (due.carrier !== undefined) write(headers, due.carrier, line);
  else setCookie(headers, linesOf(due));
}

/** Returns the Set-Cookie lines that are due. */
export function linesOf({ line, carrier, farewells = [] }: Due): string[] {
  return line === undefined || carrier !== undefined ? [] : [...farewells, line];
}

/** Forbids every cache to store a response. */
export function noStore(headers: AnswerHeaders | NodeHeaders): void {
  if (!NO_STORE.test(read(headers, "Cache-Control") ?? "")) write(headers, "Cache-Control", "no-store");
}

const NO_STORE = /(^|[\s,])no-store($|[\s,])/i;

/** The Vary value of a response: what was there, and the names that are missing. `*` stays `*` (RFC 9110 12.5.5). */
function varied(existing: string | undefined, names: string): string {
  if (!existing) return names;
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

/** Adds cookies to those of the application, whose own line for the same cookie goes. */
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

/** What a Set-Cookie line is about. */
function nameOf(line: string): string {
  return line.slice(0, line.indexOf("=")).trim();
}

const REASONS: Record<number, string> = {
  409: "Conflict",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Returns the status and the text to answer an error with, which tell nothing of what happened inside. */
export function errorAnswer(error: unknown): { status: number; text: string } {
  const status = error instanceof SessionError ? error.status : 500;
  return { status, text: REASONS[status] ?? "Error" };
}

/** Returns a Response for an error. */
export function errorResponse(error: unknown): Response {
  const { status, text } = errorAnswer(error);
  return new Response(text, { status, headers: { "Cache-Control": "no-store" } });
}

/**
 * Returns the error. One of ours gets the methods by which Hono and Elysia ask an error for its answer, which tell nothing
 * of what happened inside.
 */
export function answerable(error: unknown): unknown {
  if (!(error instanceof SessionError)) return error;
  const value = (): Response => errorResponse(error);
  const method = { value, configurable: true };
  return Object.defineProperties(error, { getResponse: method, toResponse: method });
}

/** Throws the error, as one that a framework can answer. */
export function rethrow(error: unknown): never {
  throw answerable(error);
}

/** Names of headers that describe one answer. */
const OF_ONE_ANSWER =
  /^(?:content-(?!security-policy).*|etag|last-modified|expires|cache-control|location|set-cookie|accept-ranges|transfer-encoding|trailer)$/i;

/** Names of headers that hold for any answer, and tell nothing about one. */
const OF_ANY_ANSWER =
  /^(?:vary|access-control-.*|content-security-policy.*|cross-origin-.*|.*-policy|strict-transport-security|x-content-type-options|x-frame-options)$/i;

/** Returns those of the names that describe one answer, which an error takes the place of. */
export function ofOneAnswer(names: Iterable<string>): string[] {
  return [...names].filter((name) => OF_ONE_ANSWER.test(name));
}

/** Returns those of the names that are not known to hold for any answer. */
export function notOfAnyAnswer(names: Iterable<string>): string[] {
  return [...names].filter((name) => !OF_ANY_ANSWER.test(name));
}

/** Removes the headers of an answer that an error takes the place of, and forbids to store what comes. */
export function clearAnswer(headers: Headers): void {
  for (const name of ofOneAnswer(headers.keys())) headers.delete(name);
  noStore(headers);
}

/** Returns a copy of the headers of such an answer, cleared. */
export function clearedHeaders(given: Headers | Record<string, string>): Headers {
  const headers = new Headers(given);
  clearAnswer(headers);
  return headers;
}
