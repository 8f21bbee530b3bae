import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  type Awaitable,
  type LoadSave,
  type SessionBackend,
  type SessionData,
  toBackend,
} from "../backends/backend.ts";
import { type Duration, secondsOf } from "../duration.ts";
import type { Environment } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { type AddressKept, resolveDevice } from "./address-kept.ts";
import { defaultBackend } from "./default-backend.ts";
import { resolveTimeouts, type Timeouts } from "./lifetime.ts";
import { isLimit } from "./limit.ts";
import type { BoundOption, LegacySeam } from "./live.ts";
import type { Logger } from "./logger.ts";
import { realmOf } from "./realm.ts";
import type { AnyData, Session } from "./register.ts";
import type { Level, ResolvedOptions, UserIdOf } from "./resolved-options.ts";
import { type CookieOptions, cookieFormat } from "./set-cookie.ts";
import { resolveTrust } from "./trust-proxy.ts";

/** How sessions behave. Durations are seconds, or texts such as `"30m"`. Every default is safe. */
export interface SessionOptions<T extends object = AnyData> {
  /** Where sessions live. Default: a new `InMemorySessionBackend`. Any object with `load` and `save` will do. */
  backend?: SessionBackend | LoadSave | undefined;
  cookie?: CookieOptions | undefined;
  /**
   * Who may use these sessions: 1 to 255 visible ASCII characters. Engines on one store with the same realm share their
   * sessions; with different ones, no id, user or list of the one is known to the other. Default: the cookie's name.
   */
  realm?: string | undefined;
  /**
   * The name of a header of your own, such as `X-Session-Token`, for clients without cookies. A request that has it (at
   * first with any value, `new` say) is answered in a header of the same name instead of a cookie; a request without it
   * uses the cookie. Default none.
   */
  tokenHeader?: string | undefined;
  /** When sessions end: `{ idle: "30m", absolute: "7d" }`, or both timeouts of a NIST assurance level, such as `"aal2"`. */
  timeouts?: Timeouts | Level | undefined;
  /**
   * Whether an answer whose handler looked at the session of a signed-in user has `Cache-Control: no-store`, so that no
   * browser shows it again after the logout (ASVS 14.3.2). Default true with the levels `aal2` and `aal3`, else false.
   */
  private?: boolean | undefined;
  /** An idle deadline moves only by at least this much, so reading costs no write each time. Default a 20th of
   * `timeouts.idle`, at most 60 s; for a session with a timeout of its own never more than a 20th of it. */
  touchThrottle?: Duration | undefined;
  /** How long the id before a rotation with the same rights still works. Default 10 s. */
  rotationGrace?: Duration | undefined;
  /**
   * What the use of an id does that was replaced at least `rotationGrace` ago, and may be stolen (up to nine rotations
   * back). `report` (default): the event `reused`, once for each id. `revoke`: ends the session too, so that whoever
   * has the current id has to sign in again.
   */
  onReuse?: "report" | "revoke" | undefined;
  /**
   * How many sessions a user may have, or a function that says so for each; `Infinity` for any number. Exactly so many live once
   * all sign-ins have been answered, from any number of processes at once (ASVS 7.1.2). Default: any number.
   */
  perUser?: number | ((userId: string) => number) | undefined;
  /**
   * What a sign-in does that would be one too many. `end-oldest` (default): ends the session that was signed in to first;
   * `end-idlest`: the one unused for longest; both with the event `revoked` and the reason `limit`. `refuse`: throws StateError
   * `limit` (409), and nobody is signed in.
   */
  onLimit?: "end-oldest" | "end-idlest" | "refuse" | undefined;
  /**
   * What a sign-in stores of its device, for `list` and the event `device_changed`: the headers User-Agent, Sec-CH-UA and
   * Sec-CH-UA-Platform, and the IP address. `address`: "full" (default), "network" (`203.0.113.0/24`, `2001:db8:1::/48`), "none", or
   * a function that returns what to store. `false`: nothing.
   */
  device?: boolean | { address?: AddressKept | undefined } | undefined;
  /**
   * Which proxies are trusted to say where a request came from: as `trustProxy` of `App`, which passes its own. An adapter asks its
   * framework instead, where that has an address (Express, Fastify, Koa, Hono, SvelteKit), unless this is given. Default: none.
   */
  trustProxy?: boolean | number | readonly string[] | undefined;
  /** The most bytes that the encoded data of one session may have. Default 65,536. */
  maxBytes?: number | undefined;
  /** How long one call of the back-end may take. Default 5 s. */
  backendTimeout?: Duration | undefined;
  /**
   * For how long `watch` goes without word from the store. Then what it watches counts as ended, with the reason
   * `unreachable`. Default 5 s, at least 2 s.
   */
  watchLease?: Duration | undefined;
  /** When a session cannot be read: `fail` (default) sends 503; `anonymous` continues with an empty session that
   * cannot be written. */
  whenDown?: "fail" | "anonymous" | undefined;
  /**
   * Exclusive use. `wait`: how long a request waits for it, default 10 s. `ttl`: how long a lock outlives a holder that
   * died, default 10 s; a living one renews it.
   */
  lock?: { wait?: Duration | undefined; ttl?: Duration | undefined } | undefined;
  /** A Standard Schema (zod, valibot, arktype ...) for the data: checked when it is loaded and before it is stored.
   * Must accept its own output. */
  schema?: StandardSchemaV1<unknown, T> | undefined;
  /** Converts stored data that the schema refuses; returns undefined if it cannot. Default: such a session starts empty. */
  migrate?: ((data: SessionData) => Awaitable<unknown>) | undefined;
  /**
   * Returns the user's id from the session's data, for code that signs users in by writing data: with Passport, `(data) =>
   * data.passport?.user`. `login` then happens by itself when the user changes; do not call it. Default none.
   */
  userIdOf?: ((data: Session<T>) => string | number | null | undefined) | undefined;
  /** Sessions of another library that move here when their cookie comes: `moveSessions(...)`. Default none. */
  legacy?: LegacySeam | undefined;
  /** Binds each sign-in to the browser's key where it has one (experimental): `dbsc()` of `micropie/dbsc`. Default none. */
  bound?: BoundOption | undefined;
  /**
   * Logs every event: `console`, a logger of pino or winston, or anything with the methods debug, info, warn and error.
   * Sign-ins and ends are `info`, what may be an attack `warn`, a failing store `error`. Default none.
   */
  logger?: Logger | undefined;
  /** Time, chance and timers, for tests and simulations; the back-end gets the same. Default: the system's. */
  environment?: Environment | undefined;
}

const NAMES: Record<keyof SessionOptions, true> = {
  backend: true,
  cookie: true,
  realm: true,
  tokenHeader: true,
  timeouts: true,
  private: true,
  touchThrottle: true,
  rotationGrace: true,
  onReuse: true,
  perUser: true,
  onLimit: true,
  device: true,
  trustProxy: true,
  maxBytes: true,
  backendTimeout: true,
  watchLease: true,
  whenDown: true,
  lock: true,
  schema: true,
  migrate: true,
  userIdOf: true,
  legacy: true,
  bound: true,
  logger: true,
  environment: true,
};

/** The names of the options of `createSessions`. */
export const SESSION_OPTIONS: readonly string[] = Object.keys(NAMES);

/** Checks every option and fills in the defaults. Throws ConfigError naming the option. */
export function resolveOptions<T extends object>(options: SessionOptions<T>): ResolvedOptions {
  refuseUnknown(options, SESSION_OPTIONS);
  const whenDown = options.whenDown ?? "fail";
  if (whenDown !== "fail" && whenDown !== "anonymous")
    throw new ConfigError("whenDown", 'Pass "fail" or "anonymous".');
  const onReuse = options.onReuse ?? "report";
  if (onReuse !== "report" && onReuse !== "revoke")
    throw new ConfigError("onReuse", 'Pass "report" or "revoke".');
  const { perUser, onLimit = "end-oldest" } = options;
  if (perUser !== undefined && typeof perUser !== "function" && !isLimit(perUser))
    throw new ConfigError(
      "perUser",
      "Pass a whole number from 1 on, or a function of the user's id that returns one.",
    );
  if (onLimit !== "end-oldest" && onLimit !== "end-idlest" && onLimit !== "refuse")
    throw new ConfigError("onLimit", 'Pass "end-oldest", "end-idlest" or "refuse".');
  if (options.onLimit !== undefined && perUser === undefined)
    throw new ConfigError("onLimit", "Needs the option perUser.");
  if (options.private !== undefined && typeof options.private !== "boolean")
    throw new ConfigError("private", "Pass true or false.");
  if (options.migrate !== undefined && options.schema === undefined)
    throw new ConfigError("migrate", "Needs the option schema.");
  if (options.migrate !== undefined && typeof options.migrate !== "function")
    throw new ConfigError("migrate", "Pass a function from the stored data to valid data.");
  if (options.userIdOf !== undefined && typeof options.userIdOf !== "function")
    throw new ConfigError("userIdOf", "Pass a function, such as (data) => data.passport?.user.");
  if (options.schema !== undefined && typeof options.schema["~standard"]?.validate !== "function") {
    throw new ConfigError("schema", "Pass a Standard Schema, such as one made with zod, valibot or arktype.");
  }
  const timeouts = resolveTimeouts(options.timeouts);
  refuseUnknown(options.lock ?? {}, ["wait", "ttl"], "lock.");
  if (options.legacy !== undefined && typeof options.legacy?.load !== "function")
    throw new ConfigError("legacy", "Pass moveSessions({ readers, until }) of micropie/legacy/move.");
  if (options.bound !== undefined && typeof options.bound?.attach !== "function")
    throw new ConfigError("bound", "Pass dbsc() of micropie/dbsc.");
  if (options.environment !== undefined && typeof options.environment?.timer !== "function")
    throw new ConfigError("environment", "Pass an object with now, random and timer.");
  const cookie = cookieFormat(options.cookie);
  return {
    cookie,
    realm: realmOf(options.realm, cookie.name),
    tokenHeader: headerName(options.tokenHeader),
    timeouts,
    private: options.private ?? (timeouts.level === "aal2" || timeouts.level === "aal3"),
    touchThrottle: secondsOf("touchThrottle", options.touchThrottle, Math.min(60, timeouts.idle / 20), 0),
    rotationGrace: secondsOf("rotationGrace", options.rotationGrace, 10, 0, "wait"),
    onReuse,
    perUser,
    onLimit,
    device: resolveDevice(options.device),
    trustProxy: resolveTrust(options.trustProxy),
    maxBytes: bytesOf("maxBytes", options.maxBytes, 65_536),
    backendTimeout: secondsOf("backendTimeout", options.backendTimeout, 5, 0.001, "wait"),
    watchLease: secondsOf("watchLease", options.watchLease, 5, 2, "wait"),
    whenDown,
    lock: {
      wait: secondsOf("lock.wait", options.lock?.wait, 10, 0, "wait"),
      ttl: secondsOf("lock.ttl", options.lock?.ttl, 10, 0.1, "wait"),
    },
    schema: options.schema,
    migrate: options.migrate,
    userIdOf: options.userIdOf as UserIdOf | undefined,
  };
}

/** Headers that carry something else, or that clients and proxies do not pass on as they are. */
const TAKEN =
  /^(authorization|proxy-.*|www-authenticate|cookie|set-cookie|vary|cache-control|connection|transfer-encoding|upgrade|host|te|trailer|content-.*|sec-.*|:.*)$/;

function headerName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const lower = typeof name === "string" ? name.toLowerCase() : "";
  if (/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower) && !TAKEN.test(lower)) return lower;
  throw new ConfigError("tokenHeader", "Pass the name of a header of your own, such as X-Session-Token.");
}

function bytesOf(option: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isFinite(value) && value >= 1) return value;
  throw new ConfigError(option, `Pass a number of at least 1; got ${String(value)}.`);
}

export function resolveBackend(backend: SessionOptions["backend"]): SessionBackend {
  return backend === undefined ? defaultBackend() : toBackend(backend);
}
