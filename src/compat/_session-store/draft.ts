import { encode } from "../../core/codec.ts";
import { keptCookie, leftOf } from "./cookie.ts";

/** A session as it was at one moment: it may be written to while the store is busy. */
export interface Draft {
  /** The encoded data, `cookie` among it. */
  readonly text: string;
  /** The cookie's `originalMaxAge`: if it changes, the session gets a new lifetime. */
  readonly maxAge: unknown;
  /** Whole seconds, as stores count; 0 or less for a session that is over. */
  readonly idleTimeout: number;
  /** Seconds by which the session is over before that, because its `maxAge` is in milliseconds. Less than 1. */
  readonly early: number;
}

/** Milliseconds that express-session may lose each time it counts a cookie's maximum age anew. */
const DRIFT = 100;

/**
 * `idleTimeout` is for a cookie without a maximum age, `before` the one that is stored, if any.
 * Throws what JSON throws for data that it cannot write.
 */
export function draftOf(session: object, idleTimeout: number, before?: Draft): Draft {
  const given = (session as { cookie?: unknown }).cookie;
  const cookie = keptCookie(given);
  // Else a session that is only read would be written for it, and live a little shorter each time.
  const lost = Number(before?.maxAge) - Number(cookie.originalMaxAge);
  if (lost > 0 && lost < DRIFT) cookie.originalMaxAge = before?.maxAge as number;
  const left = leftOf(given);
  const whole = left === undefined ? idleTimeout : Math.ceil(left / 1000);
  const text = JSON.stringify({ ...session, cookie });
  return {
    // What looks like the engine's own notation for dates and maps is data here.
    text: text.includes('"$rich"') ? encode(JSON.parse(text) as object) : text,
    maxAge: cookie.originalMaxAge,
    idleTimeout: whole,
    early: earlyBy(cookie.originalMaxAge, whole),
  };
}

/** Seconds by which a session of this maximum age (milliseconds) is over before `idleTimeout` whole seconds are. */
export function earlyBy(maxAge: unknown, idleTimeout: number): number {
  const early = typeof maxAge === "number" ? idleTimeout - maxAge / 1000 : 0;
  return early > 0 && early < 1 ? early : 0;
}
