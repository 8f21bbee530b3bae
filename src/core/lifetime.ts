import type { SessionRecord } from "../backends/backend.ts";
import { ConfigError } from "../errors.ts";
import { touchedDeadline } from "../record/record.ts";
import type { Head } from "./head.ts";
import type { Lifetime } from "./live.ts";
import type { Preset, ResolvedOptions } from "./resolved-options.ts";

/** Seconds without a request after which a session ends, by default: eight hours. */
export const SESSION_TIMEOUT = 28_800;

const DAY = 86_400;
/** Seconds after which a session ends whatever happens, by default: 30 days. */
export const ABSOLUTE_TIMEOUT: number = 30 * DAY;

/** The limits of NIST SP 800-63B-4 (2.1.3, 2.2.3, 2.3.3), in seconds. */
export const PRESETS: Record<Preset, { idleTimeout: number; absoluteTimeout: number }> = {
  aal1: { idleTimeout: SESSION_TIMEOUT, absoluteTimeout: ABSOLUTE_TIMEOUT },
  aal2: { idleTimeout: 3600, absoluteTimeout: DAY },
  aal3: { idleTimeout: 900, absoluteTimeout: DAY / 2 },
};

type Defaults = Pick<ResolvedOptions, "idleTimeout" | "absoluteTimeout" | "preset">;

/**
 * Returns the two timeouts of one session. Throws ConfigError if one is not a positive number, if the idle timeout is the
 * longer one, or if a preset allows less.
 */
export function checkLifetime(
  given: Pick<Lifetime, "idleTimeout" | "absoluteTimeout">,
  defaults: Defaults,
): { idleTimeout: number; absoluteTimeout: number } {
  const absoluteTimeout = numberOf("absoluteTimeout", given.absoluteTimeout, defaults.absoluteTimeout, 0.001);
  const fallback = Math.min(defaults.idleTimeout, absoluteTimeout);
  const idleTimeout = numberOf("idleTimeout", given.idleTimeout, fallback, 0.001);
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

/** Returns the head of a session with this lifetime; what is left out is the engine's option. */
export function headOf(options: Defaults & Pick<ResolvedOptions, "cookie">, given: Lifetime = {}): Head {
  return { ...checkLifetime(given, options), persistent: given.persistent ?? options.cookie.persistent };
}

/** Returns the number, or the fallback for undefined. Throws ConfigError, naming the option, for anything less than `least`. */
export function numberOf(name: string, value: unknown, fallback: number, least: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
  throw new ConfigError(name, `Pass a number of at least ${least}; got ${String(value)}.`);
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
