import { ConfigError } from "./errors.ts";

/** A length of time: a number of seconds, or a text such as `"90s"`, `"30m"`, `"8h"`, `"30d"`. */
export type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const TEXT = /^(\d+(?:\.\d+)?)([smhd])$/;

/** What a number of seconds must be below, and a multiple of what it must not be, or it was meant as milliseconds. */
const LIKE_MILLISECONDS = {
  /** Lives of sessions: half a minute in milliseconds and more; nobody keeps a session for over 400 days by a number. */
  life: { from: 30_000, multiple: 30_000, below: 34_560_001 },
  /** Waits for a store or a lock. */
  wait: { from: 1000, multiple: 500, below: 86_401 },
} as const;

/**
 * Returns the seconds of a duration; `fallback` for undefined. `least` is in seconds. Throws ConfigError, naming the
 * `option`, for anything else than a duration, for less than `least`, and for a number that looks like milliseconds.
 */
export function secondsOf<F extends number | undefined>(
  option: string,
  value: unknown,
  fallback: F,
  least: number,
  kind: keyof typeof LIKE_MILLISECONDS = "life",
): number | F {
  if (value === undefined) return fallback;
  const [, amount, unit] = typeof value === "string" ? (TEXT.exec(value) ?? []) : [];
  const seconds = amount === undefined ? value : Number(amount) * UNITS[unit as keyof typeof UNITS];
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < least)
    throw new ConfigError(
      option,
      `Pass seconds, or a text such as "30m", "8h" or "30d", of at least ${least} s; got ${described(value)}.`,
    );
  if (value === seconds) refuseMilliseconds(option, seconds, kind);
  return seconds;
}

function refuseMilliseconds(option: string, seconds: number, kind: keyof typeof LIKE_MILLISECONDS): void {
  const { from, multiple, below } = LIKE_MILLISECONDS[kind];
  const isLike = (seconds >= from && seconds % multiple === 0) || seconds >= below;
  if (!isLike) return;
  throw new ConfigError(
    option,
    `Is in seconds, and ${seconds} looks like milliseconds. Pass "${textOf(seconds / 1000)}", or "${textOf(seconds)}" if that is meant.`,
  );
}

/** Returns a duration as a text, in the largest unit that it is whole in, or else to a tenth of one. */
export function textOf(seconds: number): string {
  const units = (Object.entries(UNITS) as [keyof typeof UNITS, number][]).reverse();
  const whole = units.find(([, size]) => seconds >= size && seconds % size === 0);
  if (whole !== undefined) return `${seconds / whole[1]}${whole[0]}`;
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Number((seconds / size).toFixed(seconds < 1 ? 3 : 1))}${unit}`;
}

function described(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
