import type { SessionRecord } from "../backends/backend.ts";
import { type Duration, secondsOf, textOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { touchedDeadline } from "../record/record.ts";
import type { Head } from "./head.ts";
import type { Lifetime } from "./live.ts";
import type { Level, ResolvedOptions } from "./resolved-options.ts";

/** When sessions end. */
export interface Timeouts {
  /** After this long without a request. Default eight hours, or what `level` allows. */
  idle?: Duration | undefined;
  /** This long after it was created or its user signed in, whatever happens. Default 30 days, or what `level` allows. */
  absolute?: Duration | undefined;
  /** A NIST assurance level: both timeouts may then only be shorter than it allows. Default none. */
  level?: Level | undefined;
}

/** How one session differs from the others. */
export interface LoginOptions {
  /** Its own timeouts. Those left out are the engine's. */
  timeouts?: Omit<Timeouts, "level"> | undefined;
  /**
   * Whether its cookie outlives the browser ("remember me"); a duration is also its idle and absolute timeout, unless
   * `timeouts` says otherwise. Default: the option `cookie.persistent`.
   */
  remember?: boolean | Duration | undefined;
  /**
   * What to call the device in lists, such as "Work laptop"; cut to 256 characters. Default: the name that it has, if it is this
   * user's already.
   */
  device?: string | undefined;
  /**
   * The factors that the user has proved: up to eight names of yours, such as `["password", "totp"]` (RFC 8176 lists common
   * ones). `requireFresh` and `info` tell them. Default: none.
   */
  by?: readonly string[] | undefined;
}

const DAY = 86_400;

/** The limits of NIST SP 800-63B-4 (2.1.3, 2.2.3, 2.3.3), in seconds; aal1 is the default: MicroPie's eight hours, 30 days. */
const LEVELS: Record<Level, { idle: number; absolute: number }> = {
  aal1: { idle: 28_800, absolute: 30 * DAY },
  aal2: { idle: 3600, absolute: DAY },
  aal3: { idle: 900, absolute: DAY / 2 },
};

type Limits = ResolvedOptions["timeouts"];

/** Returns the option `timeouts`, checked. Throws ConfigError, naming what is wrong. */
export function resolveTimeouts(given: Timeouts | Level | undefined): Limits {
  const { level, ...own } = typeof given === "string" ? { level: given } : (given ?? {});
  if (typeof given !== "string") refuseUnknown(given ?? {}, ["idle", "absolute", "level"], "timeouts.");
  if (level !== undefined && !Object.hasOwn(LEVELS, level))
    throw new ConfigError(
      typeof given === "string" ? "timeouts" : "timeouts.level",
      'Pass "aal1", "aal2" or "aal3".',
    );
  const limits: Limits = { ...LEVELS[level ?? "aal1"], level };
  const { idleTimeout, absoluteTimeout } = checkLifetime(lifetimeIn(own), limits);
  return { idle: idleTimeout, absolute: absoluteTimeout, level };
}

/** Returns what the options of `login` ask for. Throws ConfigError, naming what is wrong. */
export function lifetimeOf(options: LoginOptions): Lifetime {
  refuseUnknown(options, ["timeouts", "remember", "by", "device"]);
  const { timeouts = {}, remember } = options;
  refuseUnknown(timeouts, ["idle", "absolute"], "timeouts.");
  const own = lifetimeIn(timeouts);
  if (remember === undefined || typeof remember === "boolean") return { ...own, persistent: remember };
  const all = secondsOf("remember", remember, 0, 0.001);
  const { idleTimeout = Math.min(all, own.absoluteTimeout ?? all), absoluteTimeout = all } = own;
  return { idleTimeout, absoluteTimeout, persistent: true };
}

function lifetimeIn({ idle, absolute }: Omit<Timeouts, "level">): Lifetime {
  return {
    idleTimeout: secondsOf("timeouts.idle", idle, undefined, 0.001),
    absoluteTimeout: secondsOf("timeouts.absolute", absolute, undefined, 0.001),
  };
}

/**
 * Returns the two timeouts of one session. Throws ConfigError if the idle timeout is the longer one, or if the level
 * allows less.
 */
export function checkLifetime(
  given: Lifetime,
  { idle, absolute, level }: Limits,
): { idleTimeout: number; absoluteTimeout: number } {
  const { absoluteTimeout = absolute } = given;
  const { idleTimeout = Math.min(idle, absoluteTimeout) } = given;
  if (idleTimeout > absoluteTimeout)
    throw new ConfigError("timeouts.idle", `Is longer than timeouts.absolute (${textOf(absoluteTimeout)}).`);
  if (level !== undefined) {
    const most = LEVELS[level];
    if (absoluteTimeout > most.absolute)
      throw new ConfigError("timeouts.absolute", `${level} allows at most ${textOf(most.absolute)}.`);
    if (idleTimeout > most.idle)
      throw new ConfigError("timeouts.idle", `${level} allows at most ${textOf(most.idle)}.`);
  }
  return { idleTimeout, absoluteTimeout };
}

/** Returns the head of a session with this lifetime; what is left out is the engine's option. */
export function headOf(
  { timeouts, cookie }: Pick<ResolvedOptions, "timeouts" | "cookie">,
  given: Lifetime = {},
): Head {
  return { ...checkLifetime(given, timeouts), persistent: given.persistent ?? cookie.persistent };
}

/**
 * Returns true if the idle deadline should move now: only if it moves by at least `throttle` seconds. So a busy session
 * costs one touch in that time, and never lives past its absolute deadline. A session with a short life of its own has a
 * shorter throttle too, or its requests could never keep it alive.
 */
export function isTouchDue(
  { now, absoluteExpiresAt }: SessionRecord,
  idle: number,
  expiresAt: number,
  throttle: number,
): boolean {
  const gain = touchedDeadline(expiresAt, absoluteExpiresAt, now + idle) - expiresAt;
  return gain > 0 && gain >= Math.min(throttle, idle / 20);
}
