import type { Answer } from "./answer.ts";
import { type Finding, shownUrl } from "./finding.ts";

/** Returns where an answer sends the browser; undefined if it does not. */
export function targetOf({ status, headers }: Answer, url: URL): URL | undefined {
  if (status < 300 || status > 399) return undefined;
  return URL.parse(headers.get("Location") ?? "", url) ?? undefined;
}

/** Returns what is wrong with a redirect; undefined if nothing is, or if the answers to both requests are none. */
export function redirectFinding(
  url: URL,
  method: string,
  [first, second]: readonly [Answer, Answer],
  hasCookie: boolean,
): Finding | undefined {
  const target = targetOf(first, url);
  if (target === undefined) return undefined;
  const seen = `${first.status} with Location: ${shownUrl(target)}`;
  if (url.protocol === "https:" && target.protocol === "http:") {
    return {
      code: "redirect_to_http",
      seen,
      why: "The application takes the request for plain http, so links and redirects leave https, and Secure cookies stay behind.",
      fix:
        'The proxy must send X-Forwarded-Proto: https, and the application trust it (on Express app.set("trust proxy", 1)), ' +
        "or the application redirect to paths without a host.",
    };
  }
  if (url.protocol === "http:" && target.protocol === "https:") {
    return {
      code: "redirect_to_https",
      seen,
      why: "Browsers end up there, and a Secure cookie counts only there.",
      fix: `Look at that address: micropie doctor ${shownUrl(target)}`,
    };
  }
  const again = method === "GET" ? targetOf(second, url) : undefined;
  if (target.href === url.href && again?.href === url.href) {
    return {
      code: "redirect_loop",
      seen: `${seen}, which is the address itself`,
      why: "Browsers give up after some twenty redirects.",
      fix:
        "If the application redirects to https, the proxy must send X-Forwarded-Proto: https, and the application trust it. " +
        "If it redirects to set a cookie, see what else is wrong with the cookie.",
    };
  }
  if (hasCookie || target.host === url.host) return undefined;
  return {
    code: "redirect_elsewhere",
    seen,
    why: `Cookies belong to one host: those of ${target.host} are not sent to ${url.host}.`,
    fix: `Use one host everywhere, or set cookie.domain. Look at that address: micropie doctor ${shownUrl(target)}`,
  };
}
