import { ConfigError } from "../errors.ts";
import { isOfHost, originsIn } from "./origins.ts";

/** Which pages may open a WebSocket. */
export interface OriginOptions {
  /**
   * Origins of other sites whose pages may open one, such as `"https://app.example.com"`. They are compared exactly. Default: none;
   * only pages of the same host may.
   */
  origins?: readonly string[] | undefined;
  /** Whether clients that send no Origin may open one. Browsers always send it with a WebSocket. Default false. */
  withoutOrigin?: boolean | undefined;
}

/** The names of `OriginOptions`. */
export const ORIGIN_OPTIONS = ["origins", "withoutOrigin"] as const;

/** The same, checked. */
export interface Origins {
  readonly allowed: ReadonlySet<string>;
  readonly withoutOrigin: boolean;
}

/** Throws ConfigError that names an invalid option; `prefix` comes before its name. */
export function resolveOrigins({ origins, withoutOrigin = false }: OriginOptions, prefix = ""): Origins {
  if (typeof withoutOrigin !== "boolean")
    throw new ConfigError(`${prefix}withoutOrigin`, "Pass true or false.");
  return { allowed: originsIn(`${prefix}origins`, origins), withoutOrigin };
}

/** Returns a header of a request by its name in lower case. */
export type HeaderReader = (name: string) => string | undefined;

/**
 * Returns true if a page of this origin may open a WebSocket: browsers send cookies with it from any site, and do not ask
 * before (RFC 6455 10.2; OWASP: Cross-Site WebSocket Hijacking).
 */
export function mayConnect({ allowed, withoutOrigin }: Origins, header: HeaderReader): boolean {
  const origin = header("origin");
  // Browsers leave it out of a plain GET of the same origin, with which some libraries begin.
  if (origin === undefined) return withoutOrigin || header("sec-fetch-site") === "same-origin";
  return allowed.has(origin) || isOfHost(origin, header("host"));
}

/** Why a handshake is refused. */
export interface Fault {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns what is wrong with a handshake by RFC 6455 4.2.1, or undefined. */
export function faultOf(method: string, header: HeaderReader): Fault | undefined {
  if (header("upgrade")?.toLowerCase() !== "websocket")
    return fault(426, "Open a WebSocket here", { upgrade: "websocket" });
  if (method !== "GET") return fault(405, "A WebSocket is opened with GET", { allow: "GET" });
  if (!KEY.test(header("sec-websocket-key") ?? "")) return fault(400, "Sec-WebSocket-Key is not valid");
  const version = header("sec-websocket-version");
  if (version === "13") return undefined;
  // RFC 6455 4.4.
  return fault(426, "Sec-WebSocket-Version must be 13", {
    upgrade: "websocket",
    "sec-websocket-version": "13",
  });
}

/** Sixteen bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function fault(status: number, message: string, headers: Fault["headers"] = {}): Fault {
  return { status, message, headers };
}

/** Returns the subprotocols that a client offers, in its order. What is no token is left out. */
export function protocolsIn(header: string | undefined): string[] {
  const names = (header ?? "").split(",").map((name) => name.trim());
  return names.filter((name) => TOKEN.test(name));
}
