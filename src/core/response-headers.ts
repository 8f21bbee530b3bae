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

/** The same for an engine's sessions: where a header may stand for one, the answer depends on that too. */
export function varyOnSession(
  existing: string | null | undefined,
  { options }: Pick<Sessions, "options">,
): string {
  const vary = varyOnCookie(existing);
  const { header } = options;
  if (header === undefined || vary === "*") return vary;
  return vary
    .toLowerCase()
    .split(/\s*,\s*/)
    .includes(header)
    ? vary
    : `${vary}, ${header}`;
}

/** The header of the response that what `commit` answers belongs into: `Set-Cookie`, or the one that `header` names. */
export function carrierOf({ options }: Pick<Sessions, "options">, token: string | undefined): string {
  return token === undefined || options.header === undefined ? "Set-Cookie" : options.header;
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
