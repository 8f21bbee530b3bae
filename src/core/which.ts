import { type Duration, secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { info } from "./info.ts";
import { stateOf } from "./opened.ts";
import type { AnyShown } from "./register.ts";
import { checkUserId } from "./user.ts";

/** Which sessions: the one of a handle, such as one that `list` told about, or all of a user. */
export type Which = { readonly handle: string } | { readonly userId: string | number };

/** The same, with one of the user's sessions that is left out: a session of this process, or its handle. */
export type WhichBut =
  | Which
  | { readonly userId: string | number; readonly except?: AnyShown | string | undefined };

/** All sessions of the realm, or which of them. */
export interface ListFilter {
  /** Only those with a signed-in user, or only those without one. */
  readonly signedIn?: boolean | undefined;
  /** Only those that nobody has used for this long, to within `touchThrottle`. */
  readonly idleFor?: Duration | undefined;
}

/** A filter, checked. */
export interface Filter {
  readonly signedIn: boolean | undefined;
  /** Seconds. */
  readonly idleFor: number;
}

/** A selector, checked. */
export type Chosen =
  | { readonly handle: string; readonly userId?: undefined }
  | { readonly userId: string; readonly except: AnyShown | string | undefined; readonly handle?: undefined };

/** Returns the selector, checked. Throws TypeError or ConfigError that says what to pass. */
export function chosen(verb: string, which: unknown, takesExcept = false): Chosen {
  const right = `${verb}: pass { handle } for one session, or { userId } for all of a user`;
  if (typeof which !== "object" || which === null || stateOf(which) !== undefined)
    throw new TypeError(`${right}.`);
  // Whatever `list` told about is one session, though it says whose it is too.
  if ("lastSeenAt" in which && "handle" in which) return { handle: String(which.handle) };
  refuseUnknown(which, takesExcept ? ["handle", "userId", "except"] : ["handle", "userId"]);
  const { handle, userId, except } = which as { handle?: unknown; userId?: unknown; except?: unknown };
  if ((handle === undefined) === (userId === undefined)) throw new TypeError(`${right}, and not both.`);
  if (handle !== undefined) {
    if (typeof handle === "string" && except === undefined) return { handle };
    throw new TypeError(
      `${verb}: ${typeof handle === "string" ? "`except` goes with a userId" : "a handle is a text, as `info` and `list` tell it"}.`,
    );
  }
  if (except !== undefined && typeof except !== "string") info(except as AnyShown);
  return { userId: checkUserId(verb, userId), except: except as AnyShown | string | undefined };
}

/**
 * Returns the filter, checked; undefined for a selector of one session or one user. A user's id that is undefined is one that
 * somebody forgot, and never all sessions. Throws ConfigError.
 */
export function filterIn(which: unknown): Filter | undefined {
  if (which === undefined) return { signedIn: undefined, idleFor: 0 };
  const isSelector = typeof which !== "object" || which === null || "handle" in which || "userId" in which;
  if (isSelector || stateOf(which) !== undefined) return undefined;
  refuseUnknown(which, ["handle", "userId", "signedIn", "idleFor"]);
  const { signedIn, idleFor } = which as ListFilter;
  if (signedIn !== undefined && typeof signedIn !== "boolean")
    throw new ConfigError("signedIn", "Must be true or false.");
  return { signedIn, idleFor: secondsOf("idleFor", idleFor, 0, 0) };
}
