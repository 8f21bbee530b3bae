import type { SessionData } from "../record/contract.ts";
import { objectIn } from "../record/data.ts";
import { DAMAGED } from "./_dictionary.ts";

/** The longest time to live passed to a store, in seconds: ten years, which every store can count. */
export const LONGEST = 315_360_000;

/**
 * A dictionary as it is passed to a store of another library: one text, because stores alter objects. They drop
 * `__proto__`, refuse NUL and `$`, add members of their own, or keep a reference. The deadline is beside it, because many
 * never expire anything, or only to within a second.
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

/** Returns the dictionary in what a store has: `{}` after its deadline, DAMAGED for a text, any other object as it is. */
export function opened(value: unknown, now: number): SessionData {
  if (isEnvelope(value)) return value.until > now ? (objectIn(value.micropie) ?? DAMAGED) : {};
  if (typeof value === "string") return DAMAGED;
  return typeof value === "object" && value !== null ? { ...value } : {};
}
