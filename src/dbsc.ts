import { type Counts, placeOf } from "./_dbsc/place.ts";
import { Seam } from "./_dbsc/seam.ts";
import { type DbscOptions, resolveDbsc } from "./_dbsc/settings.ts";
import type { BoundOption } from "./core/live.ts";

export { bind, bindingOf } from "./_dbsc/bind.ts";
export type { Algorithm } from "./_dbsc/key.ts";
export type { DbscOptions } from "./_dbsc/settings.ts";

/** The option `bound`, and how many sign-ins got bound. */
export interface Dbsc extends BoundOption {
  /**
   * Sign-ins that were offered to be bound, and those of them whose browser has shown its key since. Of this process, and
   * since its start: the difference is made by browsers that have no Device Bound Session Credentials.
   */
  readonly counts: { readonly signIns: number; readonly bound: number };
}

/**
 * Binds each sign-in to a key that the browser keeps, where it has Device Bound Session Credentials (W3C draft, experimental):
 * a cookie that was stolen is worth nothing on another device once a short cookie has ended that only the key renews. Other
 * browsers notice nothing. Adapters and App answer the browser at the path of `endpoint` by themselves.
 * Throws ConfigError that names an invalid option; `createSessions` does for a cookie without `secure`.
 *
 * @example
 * const sessions = createSessions({ bound: dbsc({ policy: "prefer" }) });
 */
export function dbsc(options: DbscOptions = {}): Dbsc {
  const settings = resolveDbsc(options);
  const counts: Counts = { signIns: 0, bound: 0 };
  return { counts, attach: (resolved) => new Seam(placeOf(settings, counts, resolved)) };
}
