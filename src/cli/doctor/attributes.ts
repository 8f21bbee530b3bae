import { type CookieOptions, cookieFormat } from "../../core/set-cookie.ts";
import { ConfigError } from "../../errors.ts";
import { isLocalHost } from "../../visit/dropped-cookie.ts";
import type { Finding } from "./finding.ts";
import { pathKept, type SeenCookie } from "./seen-cookie.ts";
import { isSameSite } from "./site.ts";

/** RFC 6265bis 5.6: browsers drop a cookie whose name and value together are longer. */
const MAX_BYTES = 4096;

/** Returns what is wrong with the attributes of a cookie that `url` set; `from` is a page of another site that needs it. */
export function attributeFindings(cookie: SeenCookie, url: URL, from?: URL): Finding[] {
  const refused = refusals(cookie);
  const found = [
    overHttp(cookie, url),
    // What refuses a cookie without Secure says so already.
    refused.length === 0 ? notSecure(cookie, url) : undefined,
    ...refused,
    otherDomain(cookie, url),
    otherPath(cookie, url),
    notHttpOnly(cookie),
    from === undefined ? undefined : otherSite(cookie, url, from),
    tooLarge(cookie),
  ];
  return found.filter((finding) => finding !== undefined);
}

function overHttp({ secure, shown }: SeenCookie, { protocol, host }: URL): Finding | undefined {
  if (!secure || protocol === "https:" || isLocalHost(host)) return undefined;
  return {
    code: "secure_over_http",
    seen: `${shown}, over plain http from ${host}`,
    why: "Browsers drop it, so every request begins a new session.",
    fix: "Use https, or http://localhost, or for development the option cookie: { secure: false }.",
  };
}

function notSecure({ secure, shown }: SeenCookie, { protocol }: URL): Finding | undefined {
  if (secure || protocol === "http:") return undefined;
  return {
    code: "not_secure",
    seen: `${shown}, over https`,
    why: "Without Secure, browsers send it over plain http too, where anybody on the way can read it.",
    fix:
      'Remove cookie: { secure: false }. With secure: "auto" of express-session, the proxy must send ' +
      "X-Forwarded-Proto: https, and the application trust it.",
  };
}

/** What cures an error of an option of ours. */
const CURES: Record<string, CookieOptions> = {
  "cookie.secure": { secure: true },
  "cookie.sameSite": { secure: true },
  "cookie.partitioned": { secure: true },
  "cookie.httpOnly": { httpOnly: true },
  "cookie.path": { path: "/" },
  "cookie.domain": { domain: undefined },
};

/** Tries the cookie as options of ours: what they refuse at start, browsers refuse later. */
function refusals({ shown, ...cookie }: SeenCookie): Finding[] {
  let options: CookieOptions = {
    name: cookie.name,
    // A path that is not stated is none that __Host- takes.
    path: cookie.path?.startsWith("/") ? cookie.path : "/unstated",
    domain: cookie.domain,
    secure: cookie.secure,
    httpOnly: cookie.httpOnly,
    sameSite: cookie.sameSite === "none" ? "none" : "lax",
    partitioned: cookie.partitioned,
  };
  const found: Finding[] = [];
  for (;;) {
    const error = refusalOf(options);
    const cure = error && CURES[error.option];
    if (cure === undefined) return found;
    options = { ...options, ...cure };
    const [[option, value] = ["", ""]] = Object.entries(cure);
    const fix =
      value === undefined
        ? `Leave out cookie.${option}.`
        : `Set the option cookie: { ${option}: ${JSON.stringify(value)} }.`;
    found.push({ code: "refused", seen: shown, why: `Browsers refuse it. ${error!.message}`, fix });
  }
}

function refusalOf(options: CookieOptions): ConfigError | undefined {
  try {
    cookieFormat(options);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** RFC 6265bis 5.1.3. A domain without a dot, such as `com`, is nobody's. */
function otherDomain({ domain, shown }: SeenCookie, { hostname }: URL): Finding | undefined {
  const given = domain?.replace(/^\./, "").toLowerCase();
  if (given === undefined || given === hostname) return undefined;
  if (given.includes(".") && hostname.endsWith(`.${given}`)) return undefined;
  return {
    code: "domain",
    seen: `${shown}, from ${hostname}`,
    why: `Browsers refuse it: ${hostname} is not within ${given}.`,
    fix: "Leave out cookie.domain, or set it to the host or a domain above it. A proxy may have rewritten it.",
  };
}

function otherPath(cookie: SeenCookie, url: URL): Finding | undefined {
  const kept = pathKept(cookie, url);
  const isWithin = url.pathname === kept || url.pathname.startsWith(kept.endsWith("/") ? kept : `${kept}/`);
  const isStated = cookie.path === kept;
  if (isWithin && (isStated || kept === "/")) return undefined;
  return {
    code: "path",
    seen: `${cookie.shown}, from ${url.pathname}`,
    why: `Browsers send it to ${kept} and below only${isWithin ? "" : `, so not to ${url.pathname} again`}.`,
    fix: 'Set cookie: { path: "/" }, its default, also behind a proxy that adds or removes a part of the path.',
  };
}

function notHttpOnly({ httpOnly, shown }: SeenCookie): Finding | undefined {
  if (httpOnly) return undefined;
  return {
    code: "not_http_only",
    seen: shown,
    why: "Every script in the page can read the cookie and send it away.",
    fix: "Remove cookie: { httpOnly: false }.",
  };
}

function otherSite({ sameSite, shown }: SeenCookie, url: URL, from: URL): Finding | undefined {
  if (sameSite === "none" || isSameSite(url, from)) return undefined;
  const isStrict = sameSite === "strict";
  const lax = isStrict ? "" : ", except when the user follows a link";
  return {
    code: "same_site",
    seen: `${shown}, for a page of ${from.origin}`,
    why: `${url.host} is another site, so browsers do not send the cookie with requests of that page${lax}.`,
    fix: 'Set cookie: { sameSite: "none", partitioned: true }, check the header Origin, and call fetch with credentials: "include".',
  };
}

function tooLarge({ bytes, shown }: SeenCookie): Finding | undefined {
  if (bytes <= MAX_BYTES) return undefined;
  return {
    code: "too_large",
    seen: `${shown}, whose name and value have ${bytes} bytes`,
    why: `Browsers drop a cookie of more than ${MAX_BYTES} bytes.`,
    fix: "Keep the data on the server: the cookie of createSessions has 48 characters and its name, whatever the session holds.",
  };
}
