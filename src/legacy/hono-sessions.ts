import type { SessionData } from "../backends/backend.ts";
import { ConfigError } from "../errors.ts";
import { dataOf } from "./_data.ts";
import { fingerprintsOf } from "./_fingerprint.ts";
import { MIN_PASSWORD, unseal } from "./_iron.ts";
import type { LegacyCookie, LegacyData, LegacyReader } from "./_reader.ts";
import { type LegacyCookieOptions, removalLine } from "./_removal.ts";
import { decodedValues } from "./_values.ts";

/** What a reader needs of a store of hono-sessions. */
export interface HonoSessionsStore {
  getSessionById(sid?: string): unknown;
  deleteSession(sid: string): unknown;
}

/** The options that hono-sessions was given; what is not listed here is not needed, and may be there. */
export interface HonoSessionsLegacyOptions {
  /** A store, or its `CookieStore`: then the session is in the cookie. */
  readonly store: HonoSessionsStore | { getSession: unknown };
  /** Of at least 32 characters. Needed for a `CookieStore`; without one, a store's cookies hold the bare id. */
  readonly encryptionKey?: string | (() => string) | undefined;
  /** Becomes the idle timeout of what moves. */
  readonly expireAfterSeconds?: number | undefined;
  /** Default `session`. */
  readonly sessionCookieName?: string | undefined;
  readonly cookieOptions?:
    | (LegacyCookieOptions & {
        readonly prefix?: "secure" | "host" | undefined;
        readonly maxAge?: number | undefined;
        readonly expires?: Date | undefined;
      })
    | undefined;
}

/**
 * Sessions of hono-sessions (tested with 0.8), in its own store or sealed in the cookie. `_expire` is judged as the
 * library does it. What moves are the values that `session.get` would have given, flash messages included, each under
 * its key. The old record is deleted. A store that fails is an error here, where the library began a new session.
 * Throws ConfigError that names the option.
 */
export function honoSessionsLegacy(options: HonoSessionsLegacyOptions): LegacyReader {
  const { store, encryptionKey: given, sessionCookieName = "session", cookieOptions = {} } = options;
  const key = typeof given === "function" ? given() : given;
  const name = `${prefixOf(cookieOptions.prefix)}${sessionCookieName}`;
  if (key !== undefined && (typeof key !== "string" || key.length < MIN_PASSWORD))
    throw new ConfigError(
      "encryptionKey",
      `Give the one of the library: at least ${MIN_PASSWORD} characters.`,
    );
  const open = opener(store, key, (stored) => legacyData(stored, options));
  return {
    removal: [removalLine(name, cookieOptions)],
    find: (header) => decodedValues(header, name).flatMap((text) => (text === "" ? [] : (open(text) ?? []))),
  };
}

type Open = (text: string) => LegacyCookie | undefined;

function opener(
  store: HonoSessionsLegacyOptions["store"],
  key: string | undefined,
  toData: (stored: unknown) => LegacyData | undefined,
): Open {
  if (typeof store !== "object" || store === null)
    throw new ConfigError("store", "Give the store that hono-sessions was given.");
  const passwords = new Map(key === undefined ? [] : [["default", key]]);
  if (!("getSessionById" in store)) {
    if (key === undefined) throw new ConfigError("encryptionKey", "A CookieStore has one; give it.");
    return (text) => inCookie(text, passwords, toData);
  }
  return (text) => {
    const sid = key === undefined ? text : unseal(text, passwords)?.value;
    if (typeof sid !== "string" || sid === "") return undefined;
    return {
      ...fingerprintsOf("hono-sessions", sid, key),
      read: async () => toData(await store.getSessionById(sid)),
      end: async () => void (await store.deleteSession(sid)),
    };
  };
}

function inCookie(
  text: string,
  passwords: ReadonlyMap<string, string>,
  toData: (stored: unknown) => LegacyData | undefined,
): LegacyCookie | undefined {
  const opened = unseal(text, passwords);
  const found = opened && toData(parsed(opened.value));
  if (opened === undefined || found === undefined) return undefined;
  return { ...fingerprintsOf("hono-sessions", opened.seal), read: () => found, end: () => {} };
}

function legacyData(stored: unknown, options: HonoSessionsLegacyOptions): LegacyData | undefined {
  const { _data, _expire } = (dataOf(stored, []) ?? {}) as { _data?: unknown; _expire?: unknown };
  const entries = dataOf(_data, []);
  if (entries === undefined) return undefined;
  const endless = _expire === null || _expire === undefined;
  if (!endless && !(Date.now() < new Date(_expire as string).getTime())) return undefined;
  const data: SessionData = Object.create(null);
  for (const [key, entry] of Object.entries(entries)) {
    const value = (entry as { value?: unknown } | null)?.value;
    if (value !== undefined) data[key] = value;
  }
  const { expireAfterSeconds: idleTimeout, cookieOptions } = options;
  const persistent = cookieOptions?.maxAge !== undefined || cookieOptions?.expires !== undefined;
  return { data, lifetime: idleTimeout === undefined ? undefined : { idleTimeout, persistent } };
}

/** Its CookieStore seals JSON inside of JSON. */
function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

function prefixOf(prefix: "secure" | "host" | undefined): string {
  return prefix === undefined ? "" : prefix === "secure" ? "__Secure-" : "__Host-";
}
