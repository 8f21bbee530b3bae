import { type Channel, channel } from "node:diagnostics_channel";
import { warn } from "../warning.ts";
import type { Device, DeviceChange } from "./device.ts";

interface AnyEvent {
  /** Whose sessions these are: the option `realm`. */
  readonly realm: string;
}

/** The session that an event is about. Handles are public; no event carries a cookie's secret or its hash. */
export interface SessionEvent extends AnyEvent {
  readonly handle: string;
  readonly userId: string | null;
}

/**
 * What each event carries. `sessions.on(name, listener)` hears those of one engine; the channel `micropie:<name>` of
 * `node:diagnostics_channel` those of all.
 */
export interface SessionEvents {
  /** A new session was stored. */
  created: SessionEvent;
  /** It came from another library; right after `created`. */
  adopted: SessionEvent;
  /** It left one store for another, where it lives on. `from` and `to`: what they are, such as "Redis". See `MovingSessionBackend`. */
  moved: SessionEvent & { readonly from: string; readonly to: string };
  /** It got a new secret; `login` if its user signed in, `elevated` if its rights changed. */
  rotated: SessionEvent & { readonly login: boolean; readonly elevated: boolean };
  /**
   * It was ended from inside. `reason`: "logout"; "emptied" if a request took its data away; "replaced" if another session
   * took its place.
   */
  logged_out: SessionEvent & { readonly reason: "logout" | "emptied" | "replaced" };
  /** One of its keys was changed from outside, by `sessions.update`. */
  changed: SessionEvent & { readonly key: string };
  /** It was found to have expired, or was deleted because it had. */
  expired: SessionEvent;
  /**
   * It was ended from outside. `reason`: "revoked" by `sessions.revoke`; "limit" by a sign-in of its user, who had too many
   * then (the option `perUser`); "reused" by the use of an id that was replaced (the option `onReuse`). `all` if every session
   * of its user was; `by` if `sessions.revoke` was told which operator asked for it.
   */
  revoked: SessionEvent & {
    readonly reason: "revoked" | "limit" | "reused";
    readonly all: boolean;
    readonly by?: string | undefined;
  };
  /**
   * A signed-in session is used with another browser (`changed` has "browser") or from another network ("network": /24 of IPv4, /48
   * of IPv6) than its user signed in with. An update of the browser is none. It refuses nothing, and is for you to judge: people
   * travel. Once in each process for each session, browser and network.
   */
  device_changed: SessionEvent & {
    readonly changed: readonly DeviceChange[];
    readonly before: Device;
    readonly now: Device;
  };
  /** An id of one of the last nine rotations was used after its grace: a sign of a stolen cookie. Once for each id. */
  reused: SessionEvent;
  /**
   * A request came with the id from before a sign-in or a change of rights, in the seconds in which that is no sign of theft,
   * and was answered as anonymous: it had left before its browser got the new cookie, or the browser has refused that.
   */
  superseded: SessionEvent;
  /** A well-formed id that we did not issue, or whose session is gone. Many of them mean that somebody is guessing. */
  unknown: AnyEvent & { readonly handle: string };
  /** The browser of a session has shown that it keeps the key that it has registered: once for each sign-in. */
  bound: SessionEvent;
  /**
   * The cookie of a bound session came without the proof of its device, so the request was anonymous: the browser could not
   * renew it, or the cookie was stolen.
   */
  unproven: SessionEvent;
  /** A signature for a bound session was not made by its key. */
  proof_refused: SessionEvent;
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
  backend_failed: AnyEvent & { readonly operation: string; readonly error: unknown };
}

/** The names of events. */
export type SessionEventName = keyof SessionEvents;

/** All of them. */
export const EVENT_NAMES: readonly SessionEventName[] = [
  "created",
  "adopted",
  "moved",
  "rotated",
  "logged_out",
  "changed",
  "expired",
  "revoked",
  "device_changed",
  "reused",
  "superseded",
  "unknown",
  "bound",
  "unproven",
  "proof_refused",
  "damaged",
  "discarded",
  "invalid",
  "backend_failed",
];

const channels = Object.fromEntries(EVENT_NAMES.map((name) => [name, channel(`micropie:${name}`)])) as Record<
  SessionEventName,
  Channel
>;

/** What publishes: an engine, or whatever else has sessions of a realm. */
export interface Publisher {
  readonly options: { readonly realm: string };
}

/** Where a published event has its publisher; no listener sees it listed. */
const FROM = Symbol("micropie.from");

/** Stops a listener; also by `using`. */
export type Unsubscribe = (() => void) & Disposable;

/**
 * Calls `listener` for every event of this name that `publisher` publishes, at once and synchronously; `using` or the
 * returned function ends it. Nobody waits for what an async one returns. A listener that throws or rejects causes the
 * warning `MICROPIE_LISTENER_FAILED`, and neither a failed request nor the end of the process.
 * Throws TypeError for an unknown name, and for a listener that is no function.
 */
export function listen<Name extends SessionEventName>(
  publisher: Publisher,
  name: Name,
  listener: (event: SessionEvents[Name]) => unknown,
): Unsubscribe {
  if (!Object.hasOwn(channels, name))
    throw new TypeError(`on: there is no event ${JSON.stringify(name)}. Events: ${EVENT_NAMES.join(", ")}.`);
  if (typeof listener !== "function") throw new TypeError("on: pass a function as the listener.");
  const failed = (error: unknown): void =>
    warn("MICROPIE_LISTENER_FAILED", `A listener of the event ${name} failed: ${describe(error)}`);
  const receive = (message: unknown): void => {
    if ((message as { [FROM]?: Publisher })[FROM] !== publisher) return;
    try {
      const done = listener(message as SessionEvents[Name]);
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  channels[name].subscribe(receive);
  const stop = (): void => void channels[name].unsubscribe(receive);
  return Object.assign(stop, { [Symbol.dispose]: stop });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

/** Returns true if anybody in this process listens to events of this name. */
export function isHeard(name: SessionEventName): boolean {
  return channels[name].hasSubscribers;
}

/** Tells everybody who listens, adding the realm. */
export function publish<Name extends SessionEventName>(
  from: Publisher,
  name: Name,
  event: Omit<SessionEvents[Name], "realm">,
): void {
  if (!channels[name].hasSubscribers) return;
  const message = { ...event, realm: from.options.realm };
  Object.defineProperty(message, FROM, { value: from });
  channels[name].publish(message);
}
