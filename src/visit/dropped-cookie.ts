import type { Sessions } from "../core/sessions.ts";
import type { AnyRequest } from "./node-response.ts";

const LOCAL = /^(localhost|[^:]+\.localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;
let isSaid = false;

/** The connection that a request came by. */
export interface Connection {
  readonly secure: boolean;
  /** The Host header. */
  readonly host: string | null | undefined;
  /** The X-Forwarded-Proto header. */
  readonly forwardedProto: string | null | undefined;
}

/**
 * Emits a process warning, once, when a Secure cookie is set over plain http on another name than localhost: the
 * browser will drop it. The warning says what to do.
 */
export function warnIfDropped({ options }: Pick<Sessions, "options">, connection: Connection): void {
  const { secure, host, forwardedProto } = connection;
  if (isSaid || secure || !options.cookie.secure) return;
  if (forwardedProto?.split(",")[0]?.trim() === "https") return;
  if (!host || LOCAL.test(host)) return;
  isSaid = true;
  process.emitWarning(
    `The session cookie is Secure, but ${host} was requested over plain http, so the browser drops the cookie and ` +
      "every request starts a new session. Use https (a proxy in front must send X-Forwarded-Proto: https), or " +
      "http://localhost, or the option cookie: { secure: false } for development.",
    { code: "MICROPIE_COOKIE_DROPPED" },
  );
}

let isHinted = false;

/**
 * Emits a process warning, once, when a cookie is set in production (`NODE_ENV`), over https and on another name than
 * localhost, that could have the prefix `__Host-` and has none: hosts beside this one can set cookies in its place.
 */
export function hintAtPrefix({ options }: Pick<Sessions, "options">, connection: Connection): void {
  if (isHinted || !options.cookie.unprefixed || process.env.NODE_ENV !== "production") return;
  const { secure, host, forwardedProto } = connection;
  if (!host || LOCAL.test(host) || !(secure || forwardedProto?.split(",")[0]?.trim() === "https")) return;
  isHinted = true;
  process.emitWarning(
    `The session cookie ${options.cookie.name} has no prefix, so a host beside ${host}, or somebody on plain http, can set ` +
      'one in its place. Set the option cookie: { prefix: "__Host-" } (sessions then begin anew), or prefix: "" to keep it so.',
    { code: "MICROPIE_NO_COOKIE_PREFIX" },
  );
}

/** Returns the connection of a request. `read` returns its headers. */
export function connectionOf(request: AnyRequest, read: (name: string) => string | undefined): Connection {
  const [host, forwardedProto] = [read("host"), read("x-forwarded-proto")];
  if (!("socket" in request)) {
    const { protocol, host: named } = new URL(request.url);
    return { secure: protocol === "https:", host: host ?? named, forwardedProto };
  }
  if (request.httpVersionMajor < 2) return { secure: "encrypted" in request.socket, host, forwardedProto };
  return { secure: read(":scheme") === "https", host: host ?? read(":authority"), forwardedProto };
}
