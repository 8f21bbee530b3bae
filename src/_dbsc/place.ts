import type { ResolvedOptions } from "../core/resolved-options.ts";
import type { CookieFormat } from "../core/set-cookie.ts";
import { ConfigError } from "../errors.ts";
import { isBelow } from "../visit/path.ts";
import type { DbscSettings } from "./settings.ts";
import { shortFormat } from "./short-cookie.ts";

/** The settings for the sessions of one engine. */
export interface Place extends DbscSettings {
  /** The path of the endpoint. */
  readonly path: string;
  readonly cookie: CookieFormat;
  readonly counts: Counts;
}

/** How many sign-ins there were in this process, and how many of them got bound. */
export interface Counts {
  signIns: number;
  bound: number;
}

/** Returns the settings for sessions with these options. Throws ConfigError if the two contradict each other. */
export function placeOf(settings: DbscSettings, counts: Counts, { cookie }: ResolvedOptions): Place {
  if (!cookie.secure)
    throw new ConfigError("bound", "Needs cookie.secure: browsers bind nothing over plain http.");
  const path = settings.endpoint ?? `${cookie.path.replace(/\/$/, "")}/.micropie/dbsc`;
  if (!isBelow(cookie.path, path))
    throw new ConfigError("bound.endpoint", `Must be below cookie.path, which is ${cookie.path}.`);
  return { ...settings, counts, path, cookie: shortFormat(cookie) };
}
