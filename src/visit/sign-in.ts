import { isOfHost } from "../core/origins.ts";
import { type AccessError, ConfigError } from "../errors.ts";
import { targetIn } from "./path.ts";
import { type AnyRequest, headerOf } from "./request.ts";

/** Where users sign in: a path, or a function that returns one for what was asked. */
export type SignIn = string | ((asked: AccessError) => string);

/** Returns the option `signIn`, checked. Throws ConfigError. */
export function resolveSignIn(given: unknown): SignIn | undefined {
  if (given === undefined || typeof given === "function") return given as SignIn | undefined;
  if (typeof given === "string" && /^(\/(?![/\\])|https?:\/\/)/.test(given)) return given;
  throw new ConfigError(
    "signIn",
    'Pass a path that begins with "/", such as "/login", or a function that returns one.',
  );
}

/**
 * Returns where to send a browser that asked for a page without the sign-in that it needs; undefined if it did not ask for a
 * page, and so shows none. The query has `back`, the page to return to, and of a sign-in that is not fresh enough `max_age`
 * (seconds) and `by`, the factor that is asked for (RFC 9470 has the same words). `page` is the one that a client router asks for,
 * by another URL.
 */
export function signInPage(
  signIn: SignIn,
  asked: AccessError,
  request: AnyRequest,
  page?: string,
): string | undefined {
  return page !== undefined || asksForPage(request) ? signInUrl(signIn, asked, request, page) : undefined;
}

/** Returns the same whatever was asked for. */
export function signInUrl(signIn: SignIn, asked: AccessError, request: AnyRequest, page?: string): string {
  const place = typeof signIn === "string" ? signIn : signIn(asked);
  const query = new URLSearchParams();
  const back = pageOf(request, page);
  if (back !== undefined) query.set("back", back);
  if (asked.maxAge !== undefined) query.set("max_age", String(asked.maxAge));
  for (const factor of asked.by) query.append("by", factor);
  if (query.size === 0) return place;
  return `${place}${place.includes("?") ? "&" : "?"}${query}`;
}

/** Browsers say what they do with the answer. Those that do not, and old ones, say what they take. */
function asksForPage(request: AnyRequest): boolean {
  const mode = headerOf(request, "sec-fetch-mode");
  if (mode) return mode === "navigate";
  return headerOf(request, "accept")?.includes("text/html") ?? false;
}

/** Returns the path of the page to return to: this one, or the one with the form that was sent, if it is ours. */
function pageOf(request: AnyRequest, page?: string): string | undefined {
  const { method } = request;
  if (method === "GET" || method === "HEAD") {
    const { originalUrl = request.url } = request as { readonly originalUrl?: string };
    return onThisHost(page ?? originalUrl ?? "/");
  }
  const sender = headerOf(request, "referer");
  const host =
    headerOf(request, "host") ?? ("socket" in request ? headerOf(request, ":authority") : undefined);
  return sender !== undefined && isOfHost(sender, host) ? onThisHost(sender) : undefined;
}

/** A path that begins with two slashes would be another host. */
function onThisHost(url: string): string {
  return `/${targetIn(url)
    .replace(/^[/\\]+/, "")
    .replace(/#.*/s, "")}`;
}
