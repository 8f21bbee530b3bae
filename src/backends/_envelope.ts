import type { SessionData } from "./_contract.ts";

/** The longest that a store is asked to keep something, in seconds: ten years, which every store can count. */
export const LONGEST = 315_360_000;

/**
 * A dictionary as the bridges hand it to somebody else's store: one text, because stores bend what they look into.
 * They drop `__proto__`, refuse NUL and `$`, add members of their own, keep what they were given by reference. The
 * deadline is beside it, since many never expire anything, or only to within a second.
 */
export interface Envelope {
  readonly micropie: string;
  /** Seconds since 1970 on the clock of the process that stored it. */
  readonly until: number;
}

export function sealed(data: SessionData, timeout: number, now: number): Envelope {
  return { micropie: JSON.stringify(data), until: now + timeout };
}

export function isEnvelope(value: unknown): value is Envelope {
  const { micropie, until } = Object(value) as { micropie?: unknown; until?: unknown };
  return typeof micropie === "string" && typeof until === "number";
}

/** What `load` answers for what a store has: the dictionary; `{}` once its time is over; else what others put there. */
export function opened(value: unknown, now: number): SessionData {
  if (isEnvelope(value)) return value.until > now ? JSON.parse(value.micropie) : {};
  return typeof value === "object" && value !== null ? { ...value } : {};
}
