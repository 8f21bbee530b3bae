import type { Binding } from "../core/head.ts";
import { type CookieFormat, removalCookie, serializeCookie, shortName } from "../core/set-cookie.ts";
import { findValues } from "../core/token.ts";
import { signed, textIn } from "./mac.ts";

/*
 * The short cookie: when it ends, and a MAC by the binding's secret. The store keeps nothing of it, so that any number of
 * refreshes at once each give a valid one. It is worth nothing without the session's own cookie.
 */

/** The part of its life for which a short cookie is taken after the browser has dropped it: for requests under way. */
const UNDER_WAY = 0.05;

const RADIX = 36;

/** Returns the format of the short cookie: as that of the session, under its own name. */
export function shortFormat(long: CookieFormat): CookieFormat {
  return { ...long, name: shortName(long.name) };
}

/** Returns the attributes, as the instructions for the browser name them. */
export function attributesOf(format: CookieFormat): string {
  return format.attributes.slice("; ".length);
}

/** Returns the Set-Cookie line of a short cookie that lives for `life` seconds from `now`. */
export function shortLine(
  format: CookieFormat,
  handle: string,
  { secret }: Binding,
  now: number,
  life: number,
): string {
  const ends = Math.ceil((now + life * (1 + UNDER_WAY)) * 1000);
  return serializeCookie(format, signed(secret, handle, ends.toString(RADIX)), life);
}

/** Returns the line that removes it, so that the browser renews it. */
export function shortRemoval(format: CookieFormat): string {
  return removalCookie(format);
}

/**
 * Returns `valid` if a Cookie header has the short cookie of this binding, and it has not ended; `worn` if it has one that
 * is worth nothing.
 */
export function shortIn(
  name: string,
  header: string | null | undefined,
  handle: string,
  { secret }: Binding,
  now: number,
): "valid" | "worn" | "none" {
  if (!header) return "none";
  const values = findValues(header, name);
  for (const value of values) {
    const ends = textIn(secret, handle, value);
    if (ends !== undefined && Number.parseInt(ends, RADIX) > now * 1000) return "valid";
  }
  return values.length === 0 ? "none" : "worn";
}
