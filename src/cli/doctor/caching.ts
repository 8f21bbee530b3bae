import { lackingCookie, lettingStore } from "../../visit/answer.ts";
import type { Finding } from "./finding.ts";

/** Returns what is wrong with the headers for caches of an answer that sets the session cookie (RFC 9111 7.3). */
export function cachingFindings(headers: Headers): Finding[] {
  const found: Finding[] = lettingStore(headers).map((field) => ({
    code: "cacheable",
    seen: `${shown(field)} beside Set-Cookie`,
    why: "A cache may keep this answer and give one user's cookie to others.",
    fix: "micropie sets no-store here: look for middleware outside of the sessions, a proxy or a CDN that changes the header.",
  }));
  const age = headers.get("Age");
  if (age !== null) {
    found.push({
      code: "from_cache",
      seen: `Age: ${age} beside Set-Cookie`,
      why: "A cache has kept this answer, and gives its cookie to everybody.",
      fix: "Let the cache obey Cache-Control, and empty it. Then end the sessions whose cookies it may have given away: sessions.revoke.",
    });
  }
  const vary = lackingCookie(headers);
  if (vary !== undefined) {
    found.push({
      code: "no_vary",
      seen: `${shown(vary)} beside Set-Cookie`,
      why: "A cache may give one user's page to others, because nothing says that the page depends on the cookie.",
      fix: "micropie adds Vary: Cookie: look for middleware outside of the sessions, or a proxy, that replaces the header.",
    });
  }
  return found;
}

function shown([name, value]: readonly [name: string, value: string | undefined]): string {
  return value === undefined ? `no ${name}` : `${name}: ${value}`;
}
