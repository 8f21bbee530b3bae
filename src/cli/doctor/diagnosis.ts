import type { Answer } from "./answer.ts";
import type { Examination } from "./arguments.ts";
import { attributeFindings } from "./attributes.ts";
import { cachingFindings } from "./caching.ts";
import type { Finding } from "./finding.ts";
import { keptFinding } from "./kept.ts";
import { redirectFinding } from "./redirect.ts";
import type { SeenCookie } from "./seen-cookie.ts";
import { cookiesLeft, sessionCookie } from "./session-cookie.ts";

/** What two answers tell of the session cookie. */
export interface Diagnosis {
  /** The session cookie; undefined if there is none. */
  readonly cookie: SeenCookie | undefined;
  /** What is wrong; empty if nothing is. */
  readonly findings: readonly Finding[];
}

/** Returns what the answers to two equal requests tell, of which the second had the cookies of the first answer. */
export function diagnose(examination: Examination, answers: readonly [Answer, Answer]): Diagnosis {
  const { url, from, method, name } = examination;
  const [first, second] = answers;
  const cookie = sessionCookie(answers, name);
  const failed = failureFinding(answers);
  const redirect = redirectFinding(url, method, answers, cookie !== undefined);
  const before = [failed, redirect].filter((finding) => finding !== undefined);
  if (cookie === undefined)
    return { cookie, findings: before.length > 0 ? before : [lackFinding(examination, first)] };
  const findings = [
    ...before,
    ...attributeFindings(cookie, url, from),
    ...twiceFindings(cookie, first),
    ...cachingFindings(first.headers),
    keptFinding(cookie, second, method),
  ];
  return { cookie, findings: findings.filter((finding) => finding !== undefined) };
}

function failureFinding(answers: readonly [Answer, Answer]): Finding | undefined {
  const at = answers.findIndex(({ status }) => status >= 500);
  const status = answers[at]?.status;
  if (status === undefined) return undefined;
  return {
    code: "server_error",
    seen: `${status} for the ${at === 0 ? "first request" : "second request, which has the cookie"}`,
    why: "A request that fails saves nothing and sets no cookie.",
    fix:
      status === 503
        ? "The log of the server has the error: backend_failed or backend_timeout if the back-end is down, read_only outside of cookie.path."
        : "The log of the server has the error.",
  };
}

const BEHIND_PROXY =
  " express-session sets no Secure cookie until the proxy sends X-Forwarded-Proto: https and the application trusts it.";

function lackFinding({ url, method, name }: Examination, first: Answer): Finding {
  const names = cookiesLeft(first).map((cookie) => cookie.name);
  const asked = `${method} ${url.pathname} answered ${first.status}`;
  if (name === undefined && names.length > 0) {
    return {
      code: "which_cookie",
      seen: `${asked} and set ${names.join(", ")}`,
      why: "None of them looks like a session cookie.",
      fix: `Say which one it is: --name ${names[0]}`,
    };
  }
  return {
    code: "no_cookie",
    seen:
      names.length === 0
        ? `${asked} without Set-Cookie`
        : `${asked} and set ${names.join(", ")}, but not ${name}`,
    why: "A visitor whose session has no data gets no cookie, so this can be right.",
    fix:
      "If this route begins a session, mount the adapter before it, and leave it out of skip and within cookie.path; a proxy may " +
      "remove Set-Cookie. If it does not, name a route that does: --path /login --method POST --data user=ann." +
      (url.protocol === "https:" ? BEHIND_PROXY : ""),
  };
}

/** A farewell to another library's cookie of the same name is no second one. */
function twiceFindings(cookie: SeenCookie, { cookies }: Answer): Finding[] {
  const same = cookies.filter(({ name, isRemoval }) => name === cookie.name && !isRemoval);
  if (same.length < 2) return [];
  return [
    {
      code: "set_twice",
      seen: same.map(({ shown }) => shown).join(" and "),
      why: "Two parts of the application set one cookie; browsers keep the last, or send both.",
      fix: "Mount the sessions once. Two applications on one host need two names: cookie: { name }.",
    },
  ];
}
