import type { Device } from "../core/device.ts";
import type { SessionEventName, SessionEvents } from "../core/events.ts";
import { objectIn } from "../record/data.ts";
import type { Known } from "./known.ts";

/** An event that is remembered. Times are seconds since 1970 on the store's clock. */
export interface RecordedEvent {
  readonly at: number;
  readonly event: SessionEventName;
  readonly handle: string;
  /** Whose session it was then. */
  readonly userId: string | undefined;
  /** What the event itself says: why it ended, or why a write was dropped. */
  readonly reason?: string | undefined;
  /** Of `rotated`: its user signed in. */
  readonly login?: boolean | undefined;
  /** Of `rotated`: its rights changed. */
  readonly elevated?: boolean | undefined;
  /** Of `revoked`: every session of its user was. */
  readonly all?: boolean | undefined;
  /** Of `revoked`: the operator who asked for it, if that was told. */
  readonly by?: string | undefined;
  /** Of `changed`: what an operator changed. */
  readonly key?: string | undefined;
  /** Of `moved`: what the stores are that it left, and came to. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** What its user signed in with; of `device_changed`, what it was used with then. */
  readonly device?: Device | undefined;
  /** Of an end: when a request last moved its deadline. */
  readonly lastSeenAt?: number | undefined;
  /** Of an end: the deadlines that it had. */
  readonly expiresAt?: number | undefined;
  readonly absoluteExpiresAt?: number | undefined;
  /** Of an end: seconds without a request after which it expires. */
  readonly idleTimeout?: number | undefined;
}

/** Events after which there is no session any more. */
export const ENDS: ReadonlySet<SessionEventName> = new Set<SessionEventName>([
  "logged_out",
  "expired",
  "revoked",
]);

/** Returns what is remembered of an event: members that are named here, and nothing else. */
export function recorded<Name extends SessionEventName>(
  event: Name,
  message: SessionEvents[Name],
  at: number,
  known: Known | undefined,
): RecordedEvent {
  const {
    handle = "",
    userId,
    ...more
  } = message as Partial<SessionEvents["revoked"]> & Partial<SessionEvents["rotated"]>;
  const { reason, login, elevated, all, by } = more;
  const base = { at, event, handle, userId: userId ?? undefined };
  if (event === "changed") return { ...base, key: (message as SessionEvents["changed"]).key };
  if (event === "moved") {
    const { from, to } = message as SessionEvents["moved"];
    return { ...base, from, to };
  }
  if (event === "device_changed")
    return { ...base, device: (message as SessionEvents["device_changed"]).now };
  if (event === "created" || event === "rotated") {
    const signsIn = event === "created" ? userId != null : login;
    return { ...base, login: signsIn === true, elevated, device: signsIn ? known?.device : undefined };
  }
  if (!ENDS.has(event)) return reason === undefined ? base : { ...base, reason };
  const { seenAt: lastSeenAt, expiresAt, absoluteExpiresAt, idleTimeout } = known ?? {};
  return { ...base, reason, all, by, lastSeenAt, expiresAt, absoluteExpiresAt, idleTimeout };
}

/** Returns the event in a stored text; undefined if that is damaged. */
export function readEvent(text: string): RecordedEvent | undefined {
  const found = objectIn(text);
  const isWhole =
    typeof found?.at === "number" && typeof found.event === "string" && typeof found.handle === "string";
  return isWhole ? (found as unknown as RecordedEvent) : undefined;
}
