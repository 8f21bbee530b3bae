import type { Sessions } from "../core/sessions.ts";
import { isProduction, warn } from "../warning.ts";
import type { AnyRequest } from "./request.ts";

const LOCAL = /^(localhost|[^:]+\.localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;
const said = { local: false, other: false };

/** The connection that a request came by. */
export interface Connection {
  readonly secure: boolean;
  /** The Host header. */
  readonly host: string | null | undefined;
  /** The X-Forwarded-Proto header. */
  readonly forwardedProto: string | null | undefined;
  /** The User-Agent header. */
  readonly agent: string | null | undefined;
}

/** Returns true if browsers accept a Secure cookie from this host, a Host header, over plain http. */
export function isLocalHost(host: string): boolean {
  return LOCAL.test(host);
}

/** Clients that return a Secure cookie to localhost over plain http. */
const RETURNS_TO_LOCALHOST = /^(Mozilla|curl)\//;

/**
 * Emits a process warning, once for each kind, when a Secure cookie is set over plain http: on another name than
 * localhost, where the browser will drop it; on localhost for other clients than browsers and curl, which keep to the
 * letter of Secure (RFC 6265 5.4). The warning says what to do.
 */
export function warnIfDropped({ options }: Pick<Sessions, "options">, connection: Connection): void {
  const { secure, host, forwardedProto, agent } = connection;
  if (secure || !options.cookie.secure) return;
  if (forwardedProto?.split(",")[0]?.trim() === "https") return;
  if (!host) return;
  const isLocal = isLocalHost(host);
  const kind = isLocal ? "local" : "other";
  if (said[kind]) return;
  if (isLocal && RETURNS_TO_LOCALHOST.test(agent ?? "")) return;
  said[kind] = true;
  const problem = isLocal
    ? "this client may not return it over plain http, even to localhost. In tests, use the option "
    : "browsers drop it over plain http on this name, and every request starts a new session. Use https (a proxy in " +
      "front must send X-Forwarded-Proto: https), or http://localhost, or for development the option ";
  warn(
    "MICROPIE_COOKIE_DROPPED",
    `The session cookie for ${host} is Secure, so ${problem}cookie: { secure: false }.`,
  );
}

let isHinted = false;

/**
 * Emits a process warning, once, when a cookie is set in production (`NODE_ENV`), over https and on another name than
 * localhost, that could have the prefix `__Host-` and has none: hosts beside this one can set cookies in its place.
 */
export function hintAtPrefix({ options }: Pick<Sessions, "options">, connection: Connection): void {
  if (isHinted || !options.cookie.unprefixed || !isProduction()) return;
  const { secure, host, forwardedProto } = connection;
  if (!host || isLocalHost(host) || !(secure || forwardedProto?.split(",")[0]?.trim() === "https")) return;
  isHinted = true;
  warn(
    "MICROPIE_NO_COOKIE_PREFIX",
    `The session cookie ${options.cookie.name} has no prefix, so a host beside ${host}, or somebody on plain http, can set ` +
      'one in its place. Set the option cookie: { prefix: "__Host-" } (sessions then begin anew), or prefix: "" to keep it so.',
  );
}

/** Returns the connection of a request. `read` returns its headers. */
export function connectionOf(request: AnyRequest, read: (name: string) => string | undefined): Connection {
  const [host, forwardedProto, agent] = ["host", "x-forwarded-proto", "user-agent"].map(read);
  if (!("socket" in request)) {
    const { protocol, host: named } = new URL(request.url);
    return { secure: protocol === "https:", host: host ?? named, forwardedProto, agent };
  }
  if (request.httpVersionMajor < 2)
    return { secure: "encrypted" in request.socket, host, forwardedProto, agent };
  return { secure: read(":scheme") === "https", host: host ?? read(":authority"), forwardedProto, agent };
}
