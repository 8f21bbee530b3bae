import { type Channel, channel } from "node:diagnostics_channel";
import { warn } from "../warning.ts";

/** The session that an event is about. Handles are public; no event carries a cookie's secret or its hash. */
export interface SessionEvent {
  readonly handle: string;
  readonly userId: string | null;
}

/** What each event carries; subscribe to `micropie:<name>` with `node:diagnostics_channel`. */
export interface SessionEvents {
  /** A new session was stored. */
  created: SessionEvent;
  /** It came from another library; right after `created`. */
  adopted: SessionEvent;
  /** It got a new secret; `login` if its user signed in, `privilegeChange` if its rights changed. */
  rotated: SessionEvent & { readonly login: boolean; readonly privilegeChange: boolean };
  /** It was ended from inside: destroyed, or emptied. */
  destroyed: SessionEvent;
  /** One of its keys was changed from outside, by `sessions.update`. */
  changed: SessionEvent & { readonly key: string };
  /** It was found to have expired, or was deleted because it had. */
  expired: SessionEvent;
  /** It was ended from outside. */
  revoked: SessionEvent;
  /** An id of one of the last nine rotations was used after its grace: a sign of a stolen cookie. Once for each id. */
  reused: SessionEvent;
  /** A well-formed id that we did not issue, or whose session is gone. Many of them mean that somebody is guessing. */
  unknown: { readonly handle: string };
  /** A stored record could not be read, so its browser has no session; what it writes next begins another. */
  damaged: SessionEvent;
  /**
   * What a request wrote was dropped, because its session ended or its rights changed while it ran. `grace`: it came by the
   * id before a rotation and asked for a change of rights, which was refused; the id may be stolen.
   */
  discarded: SessionEvent & { readonly reason: "ended" | "stale" | "superseded" | "grace" };
  /** Stored data did not fit the schema; the issues name paths, not values. `migrated` if it could be mended. */
  invalid: SessionEvent & { readonly issues: readonly string[]; readonly migrated: boolean };
  /** A back-end call failed or did not answer in time. The error has the driver's name, code and message, and no data. */
  backend_failed: { readonly operation: string; readonly error: unknown };
}

export type SessionEventName = keyof SessionEvents;

const NAMES: readonly SessionEventName[] = [
  "created",
  "adopted",
  "rotated",
  "destroyed",
  "changed",
  "expired",
  "revoked",
  "reused",
  "unknown",
  "damaged",
  "discarded",
  "invalid",
  "backend_failed",
];

const channels = Object.fromEntries(NAMES.map((name) => [name, channel(`micropie:${name}`)])) as Record<
  SessionEventName,
  Channel
>;

/**
 * Calls `listener` for every event of this name, in every engine of this process, at once and synchronously. Nobody waits
 * for what an async one returns. Returns a function that stops it. A listener that throws or rejects causes the warning
 * `MICROPIE_LISTENER_FAILED`, and neither a failed request nor the end of the process.
 */
export function onSessionEvent<Name extends SessionEventName>(
  name: Name,
  listener: (event: SessionEvents[Name]) => unknown,
): () => void {
  const failed = (error: unknown): void =>
    warn("MICROPIE_LISTENER_FAILED", `A listener of the event ${name} failed: ${describe(error)}`);
  const receive = (message: unknown): void => {
    try {
      const done = listener(message as SessionEvents[Name]);
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  channels[name].subscribe(receive);
  return () => void channels[name].unsubscribe(receive);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

export function publish<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(event);
}
