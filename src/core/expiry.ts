import type { SessionRecord } from "../backends/backend.ts";
import { readHead } from "./head.ts";

/** Whether either deadline is over, by the clock of the store that answered the record. */
export function isExpired(record: SessionRecord): boolean {
  return record.now >= record.expiresAt || record.now >= record.absoluteExpiresAt;
}

/**
 * Whether the idle deadline should move now: only if it would move by at least `throttle` seconds. So a busy session
 * costs one touch in that time, and never lives past its absolute deadline. A session with a short life of its own
 * has a shorter throttle too, or its requests could never keep it alive.
 */
export function isTouchDue(record: SessionRecord, throttle: number): boolean {
  const { idleTimeout } = readHead(record.head);
  const deadline = Math.min(record.now + idleTimeout, record.absoluteExpiresAt);
  const gain = deadline - record.expiresAt;
  return gain > 0 && gain >= Math.min(throttle, idleTimeout / 20);
}
