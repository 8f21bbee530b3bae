import type { Sessions } from "./sessions.ts";

/**
 * The Vary value of a response that looked at the session: what was there, and `Cookie`. `*` stays `*`
 * (RFC 9110 12.5.5).
 */
export function varyOnCookie(existing: string | null | undefined): string {
  if (!existing) return "Cookie";
  const names = existing.split(",").map((name) => name.trim().toLowerCase());
  return names.includes("*") || names.includes("cookie") ? existing : `${existing}, Cookie`;
}

/**
 * The Cache-Control value of a response that sets the cookie: `no-store`, whatever the application said
 * (RFC 9111 7.3, ASVS 14.3.2): a cache that kept the cookie would give one user's session to all.
 */
export function noStore(existing: string | null | undefined): string {
  return existing && /(^|[\s,])no-store($|[\s,])/i.test(existing) ? existing : "no-store";
}

const LOCAL = /^(localhost|[^:]+\.localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;
let said = false;

/**
 * Says once, when a Secure cookie is set over plain http on another name than localhost, that the browser will drop
 * it, and what to do. `host` is the request's Host header, `forwardedProto` its X-Forwarded-Proto.
 */
export function warnIfDropped(
  sessions: Pick<Sessions, "options">,
  request: { secure: boolean; host: string | null | undefined; forwardedProto?: string | null | undefined },
): void {
  if (said || request.secure || !sessions.options.cookie.secure) return;
  if (request.forwardedProto?.split(",")[0]?.trim() === "https") return;
  if (!request.host || LOCAL.test(request.host)) return;
  said = true;
  process.emitWarning(
    `The session cookie is Secure, but ${request.host} was asked over plain http, so the browser drops the cookie and ` +
      "every request starts a new session. Use https (a proxy in front must send X-Forwarded-Proto: https), or " +
      "http://localhost, or the option cookie: { secure: false } for development.",
    { code: "MICROPIE_COOKIE_DROPPED" },
  );
}
