import { isOfHost, originsIn } from "../core/origins.ts";
import { AccessError, ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { type AnyRequest, headerOf } from "./request.ts";

/** What the option `csrf` takes. */
export interface CsrfOptions {
  /**
   * Origins of other sites whose pages may send requests that change something, such as `"https://app.example.com"`. They
   * are compared exactly. Default: none; only pages of the same origin may.
   */
  trust?: readonly string[] | undefined;
}

/** The option `csrf`, checked. */
export interface Csrf {
  readonly trust: ReadonlySet<string>;
}

/** Returns the option `csrf`; undefined if it is off. Throws ConfigError, naming what is wrong. */
export function resolveCsrf(given: unknown): Csrf | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return { trust: new Set() };
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new ConfigError("csrf", 'Pass true, false, or { trust: ["https://app.example.com"] }.');
  refuseUnknown(given, ["trust"], "csrf.");
  return { trust: originsIn("csrf.trust", (given as CsrfOptions).trust) };
}

/**
 * Refuses what a page of another site made a browser send. GET, HEAD and OPTIONS pass. Others pass if `Sec-Fetch-Site` says
 * `same-origin` or `none`; without that header, which browsers leave out on plain http, if `Origin` is of the request's host;
 * without either, since no browser sent it; and if `Origin` is on the list. Throws AccessError `cross_site` (403) that says
 * why for all others (W3C Fetch Metadata; OWASP CSRF Prevention, "Fetch Metadata headers").
 */
export function refuseCrossSite({ trust }: Csrf, request: AnyRequest): void {
  const { method } = request;
  if (method === "GET" || method === "HEAD" || method === "OPTIONS" || method === undefined) return;
  const site = headerOf(request, "sec-fetch-site");
  if (site === "same-origin" || site === "none") return;
  const origin = headerOf(request, "origin");
  if (!site && !origin) return;
  if (origin && trust.has(origin)) return;
  const host = hostOf(request);
  if (!site && origin && isOfHost(origin, host)) return;
  throw new AccessError("cross_site", reason(method, site, origin, host));
}

/** What a browser says, no longer than it can be. */
function reason(method: string, site = "", origin = "", host = ""): string {
  const from = origin === "" ? "a page that is not named" : `a page of ${origin.slice(0, 300)}`;
  const said = site === "" ? "" : ` (Sec-Fetch-Site: ${site.slice(0, 30)})`;
  return (
    `This ${method} was sent by ${from}${said}, not by one of ${host.slice(0, 300)}. ` +
    "If that page may send it, add its origin to the option csrf.trust."
  );
}

/** Returns the host that the client asked for. Web requests that no server made have it in their URL alone. */
function hostOf(request: AnyRequest): string | undefined {
  const host = headerOf(request, "host");
  if (host !== undefined) return host;
  return "socket" in request ? headerOf(request, ":authority") : URL.parse(request.url)?.host;
}
