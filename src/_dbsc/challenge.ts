import type { Binding } from "../core/head.ts";
import { createNonce, signed, textIn } from "./mac.ts";

/*
 * Challenges: a nonce, when it was made, and a MAC by the binding's secret. The store keeps only those that were used, so
 * that each is good for one signature.
 */

const RADIX = 36;

/** How many used challenges a binding remembers. None that is older than the oldest of them is taken. */
const REMEMBERED = 8;

/** Seconds by which the clocks of two servers may differ. */
const SKEW = 300;

/** Returns a new challenge for this binding. */
export function createChallenge(handle: string, { secret }: Binding, now: number): string {
  const text = `${Math.floor(now).toString(RADIX)}-${createNonce()}`;
  return signed(secret, purposeOf(handle), text);
}

/**
 * Returns what is to be remembered once a challenge is used; undefined for one that this binding has not made in the last
 * `life` seconds, or whose use is remembered already.
 */
export function usable(
  challenge: string,
  handle: string,
  { secret, used = [] }: Binding,
  now: number,
  life: number,
): string | undefined {
  const text = textIn(secret, purposeOf(handle), challenge);
  if (text === undefined) return undefined;
  const age = now - madeAt(text);
  if (age > life || age < -SKEW || used.includes(text)) return undefined;
  const isForgotten = used.length >= REMEMBERED && madeAt(text) < Math.min(...used.map(madeAt));
  return isForgotten ? undefined : text;
}

/** Returns the used challenges of a binding with this one, the newest first. */
export function withUsed({ used = [] }: Binding, text: string): string[] {
  return [text, ...used].sort((one, other) => madeAt(other) - madeAt(one)).slice(0, REMEMBERED);
}

function madeAt(text: string): number {
  return Number.parseInt(text, RADIX);
}

function purposeOf(handle: string): string {
  return `challenge.${handle}`;
}
