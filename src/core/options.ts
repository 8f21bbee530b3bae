import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  type Awaitable,
  type LoadSave,
  type SessionBackend,
  type SessionData,
  toBackend,
} from "../backends/backend.ts";
import { InMemorySessionBackend } from "../backends/memory.ts";
import type { Environment } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { type LegacyOptions, type ResolvedLegacy, resolveLegacy } from "./legacy.ts";
import type { Session } from "./session.ts";
import { type CookieFormat, type CookieOptions, cookieFormat } from "./set-cookie.ts";
import type { UserIdOf } from "./user.ts";

/** Seconds without a request after which a session ends, by default: eight hours. */
export const SESSION_TIMEOUT = 28_800;

const DAY = 86_400;

/** The limits of NIST SP 800-63B-4 (2.1.3, 2.2.3, 2.3.3), in seconds. */
export const PRESETS: Record<"aal1" | "aal2" | "aal3", { idleTimeout: number; absoluteTimeout: number }> = {
  aal1: { idleTimeout: SESSION_TIMEOUT, absoluteTimeout: 30 * DAY },
  aal2: { idleTimeout: 3600, absoluteTimeout: DAY },
  aal3: { idleTimeout: 900, absoluteTimeout: DAY / 2 },
};

/** How sessions behave. Every duration is in seconds; every default is safe. */
export interface SessionOptions<T extends object = SessionData> {
  /** Where sessions live. Default: a new `InMemorySessionBackend`. Any object with `load` and `save` will do. */
  backend?: SessionBackend | LoadSave;
  cookie?: CookieOptions;
  /**
   * The name of a header of your own, such as `X-Session-Token`, for clients without cookies. A request that has it (at
   * first with any value, `new` say) is answered in a header of the same name instead of a cookie; a request without it
   * uses the cookie. Default none.
   */
  header?: string;
  /** Ends a session after this long without a request. Default `SESSION_TIMEOUT`, eight hours. */
  idleTimeout?: number;
  /** Ends a session this long after it was created or its user signed in, whatever happens. Default 30 days. */
  absoluteTimeout?: number;
  /** Both timeouts of a NIST assurance level; `idleTimeout` and `absoluteTimeout` may then only be shorter. */
  preset?: keyof typeof PRESETS;
  /** An idle deadline moves only by at least this much, so reading costs no write each time. Default a 20th of
   * `idleTimeout`, at most 60; for a session with a lifetime of its own never more than a 20th of it. */
  touchThrottle?: number;
  /** How long the id before a rotation with the same rights still works. Default 10. */
  rotationGrace?: number;
  /** The most bytes that the encoded data of one session may have. Default 65,536. */
  maxBytes?: number;
  /** How long one call of the back-end may take. Default 5. */
  backendTimeout?: number;
  /** When a session cannot be read: `fail` (default) answers 503; `anonymous` goes on with an empty session that
   * cannot be written. */
  outage?: "fail" | "anonymous";
  /** How long a request waits for exclusive use. Default 10. */
  lockWait?: number;
  /** How long a lock outlives a holder that died. A living one renews it. Default 10. */
  lockTtl?: number;
  /** A Standard Schema (zod, valibot, arktype ...) for the data: checked when it is loaded and before it is stored.
   * Must accept its own output. */
  schema?: StandardSchemaV1<unknown, T>;
  /** Mends stored data that the schema refuses; answers undefined if it cannot. Default: such a session starts empty. */
  migrate?: (data: SessionData) => Awaitable<unknown>;
  /**
   * Tells from its data whose a session is, where other code signs users in: with Passport, `(data) =>
   * data.passport?.user`. Then `login` is done by itself when that changes; do not call it. Default none.
   */
  userId?: (data: Session<T>) => string | number | null | undefined;
  /** Sessions of another library that move here when their cookie comes. Default none. */
  legacy?: LegacyOptions;
  /** Where the engine takes time, timers and random waiting times from; the back-end takes them from there too. For
   * tests and simulations. Default: the system's. */
  environment?: Environment;
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly cookie: CookieFormat;
  /** In lower case. */
  readonly header: string | undefined;
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly preset: keyof typeof PRESETS | undefined;
  readonly touchThrottle: number;
  readonly rotationGrace: number;
  readonly maxBytes: number;
  readonly backendTimeout: number;
  readonly outage: "fail" | "anonymous";
  readonly lockWait: number;
  readonly lockTtl: number;
  readonly schema: StandardSchemaV1<unknown, object> | undefined;
  readonly migrate: ((data: SessionData) => Awaitable<unknown>) | undefined;
  readonly userId: UserIdOf | undefined;
  readonly legacy: ResolvedLegacy | undefined;
}

const KNOWN = new Set(
  [
    "backend",
    "cookie",
    "idleTimeout",
    "absoluteTimeout",
    "preset",
    "touchThrottle",
    "rotationGrace",
    "maxBytes",
  ].concat(
    ["backendTimeout", "outage", "lockWait", "lockTtl", "schema", "migrate"],
    ["header", "userId", "legacy", "environment"],
  ),
);

/** Checks every option and fills in the defaults. Throws ConfigError naming the option. */
export function resolveOptions<T extends object>(options: SessionOptions<T>): ResolvedOptions {
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name))
      throw new ConfigError(name, `There is no such option. There are: ${[...KNOWN].join(", ")}.`);
  }
  const preset = options.preset === undefined ? undefined : PRESETS[options.preset];
  if (options.preset !== undefined && preset === undefined)
    throw new ConfigError("preset", 'Give "aal1", "aal2" or "aal3".');
  const outage = options.outage ?? "fail";
  if (outage !== "fail" && outage !== "anonymous")
    throw new ConfigError("outage", 'Give "fail" or "anonymous".');
  if (options.migrate !== undefined && options.schema === undefined)
    throw new ConfigError("migrate", "Needs a schema.");
  if (options.schema !== undefined && typeof options.schema["~standard"]?.validate !== "function") {
    throw new ConfigError("schema", "Give a Standard Schema, such as one made with zod, valibot or arktype.");
  }
  const { idleTimeout, absoluteTimeout } = checkLifetime(options, {
    ...(preset ?? { idleTimeout: SESSION_TIMEOUT, absoluteTimeout: 30 * DAY }),
    preset: options.preset,
  });
  return {
    cookie: cookieFormat(options.cookie),
    header: headerName(options.header),
    idleTimeout,
    absoluteTimeout,
    preset: options.preset,
    touchThrottle: seconds("touchThrottle", options.touchThrottle, Math.min(60, idleTimeout / 20), 0),
    rotationGrace: seconds("rotationGrace", options.rotationGrace, 10, 0),
    maxBytes: seconds("maxBytes", options.maxBytes, 65_536, 1),
    backendTimeout: seconds("backendTimeout", options.backendTimeout, 5, 0.001),
    outage,
    lockWait: seconds("lockWait", options.lockWait, 10, 0),
    lockTtl: seconds("lockTtl", options.lockTtl, 10, 0.1),
    schema: options.schema,
    migrate: options.migrate,
    userId: options.userId as UserIdOf | undefined,
    legacy: resolveLegacy(options.legacy, preset && idleTimeout),
  };
}

/** Headers that carry something else, or that clients and proxies do not pass on as they are. */
const TAKEN =
  /^(authorization|proxy-.*|www-authenticate|cookie|set-cookie|vary|cache-control|connection|transfer-encoding|upgrade|host|te|trailer|content-.*|sec-.*|:.*)$/;

function headerName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const lower = typeof name === "string" ? name.toLowerCase() : "";
  if (/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower) && !TAKEN.test(lower)) return lower;
  throw new ConfigError("header", "Give the name of a header of your own, such as X-Session-Token.");
}

/**
 * The two timeouts of one session. Throws ConfigError if one is not a positive number, if they contradict, or if a preset
 * allows less.
 */
export function checkLifetime(
  given: { idleTimeout?: number; absoluteTimeout?: number },
  defaults: Pick<ResolvedOptions, "idleTimeout" | "absoluteTimeout" | "preset">,
): { idleTimeout: number; absoluteTimeout: number } {
  const absoluteTimeout = seconds("absoluteTimeout", given.absoluteTimeout, defaults.absoluteTimeout, 1);
  const idleTimeout = seconds(
    "idleTimeout",
    given.idleTimeout,
    Math.min(defaults.idleTimeout, absoluteTimeout),
    1,
  );
  if (idleTimeout > absoluteTimeout)
    throw new ConfigError("idleTimeout", `Longer than absoluteTimeout (${absoluteTimeout} seconds).`);
  if (defaults.preset !== undefined) {
    const most = PRESETS[defaults.preset];
    const wrong = absoluteTimeout > most.absoluteTimeout ? "absoluteTimeout" : "idleTimeout";
    if (absoluteTimeout > most.absoluteTimeout || idleTimeout > most.idleTimeout)
      throw new ConfigError(wrong, `${defaults.preset} allows at most ${most[wrong]} seconds.`);
  }
  return { idleTimeout, absoluteTimeout };
}

export function resolveBackend(backend: SessionOptions["backend"]): SessionBackend {
  if (backend === undefined) return new InMemorySessionBackend();
  if (typeof backend?.load !== "function" || typeof backend.save !== "function") {
    throw new ConfigError("backend", "Give a SessionBackend, or an object with the methods load and save.");
  }
  return toBackend(backend);
}

function seconds(name: string, value: unknown, fallback: number, least: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
  throw new ConfigError(name, `Give a number, at least ${least}; got ${String(value)}.`);
}
