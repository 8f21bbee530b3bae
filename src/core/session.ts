import type { SessionData, SessionRecord } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { setKey } from "./codec.ts";
import type { Intent, Live, Phase, ReadOnly, SessionKind, Stored } from "./live.ts";
import { SessionObject, stateOf } from "./opened.ts";
import { plainUser } from "./realm.ts";
import { dataReplaced } from "./state.ts";

/**
 * Returns a kind of session object that has these members, as users of other libraries expect them: found by name, never
 * listed, and hidden by data of the same name. A member may be a method, or a getter with or without a setter.
 */
export function sessionKind(members: object): SessionKind {
  class Kind extends SessionObject {}
  delete (Kind.prototype as { constructor?: unknown }).constructor;
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(members))) {
    if (member.get !== undefined) member.set ??= hide(name);
    else member.writable = true;
    Object.defineProperty(Kind.prototype, name, { ...member, enumerable: false });
  }
  return Kind;
}

function hide(name: string): (this: object, value: unknown) => void {
  return function (value) {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  };
}

/** Returns the object that the request has as its session now; it is another one after `startOver`. */
export function currentOf<S extends object>(session: S): S {
  return (stateOf(session)?.data ?? session) as S;
}

/** Returns the state of a session object. Throws StateError `not_live` for anything else, and after the request is over. */
export function liveOf(session: object): Live {
  const live = seenLive(session);
  if (live.phase.is === "over") throw requestOver();
  return live;
}

/** The same even after the request is over: for what is only to be looked at, as error pages and loggers do. */
export function seenLive(session: object): Live {
  const live = typeof session === "object" && session !== null ? stateOf(session) : undefined;
  if (live !== undefined) return live;
  throw new StateError(
    "not_live",
    "This object is not a session. Pass the session itself, not a copy of it.",
  );
}

export function requestOver(): StateError {
  return new StateError("not_live", "The request of this session is over.");
}

/** Like `liveOf`, for what changes the session. Throws StateError `read_only` too. */
export function writableOf(session: object, verb: string): Live {
  const live = liveOf(session);
  if (live.phase.is === "readOnly") throw readOnly(live, verb);
  return live;
}

/** Why a session cannot be written, and what to do. `PATH` is the cookie's path. */
const READ_ONLY: Record<ReadOnly["why"], string> = {
  outside:
    "the cookie's path is PATH, and this request is outside it, so it has no session. Write below PATH, or set cookie.path to a path that both are below.",
  outage: "the session store is down, so this session cannot be written. Try again later.",
  skipped: "this path is in `skip`, so it has no session to write. Remove it from `skip`.",
  unsent:
    "nobody has sent this request (a build, a page rendered in advance), so it has no session to write. Make the page or route dynamic.",
  shown:
    "a server component can only read its session, because its response has begun. Write in an action or a route handler.",
};

/** Returns the error for a write to a session whose phase is `readOnly`. */
export function readOnly({ phase, engine }: Live, verb: string): StateError {
  const why = READ_ONLY[(phase as ReadOnly).why].replaceAll("PATH", () => engine.options.cookie.path);
  return new StateError("read_only", `${verb}: ${why}`);
}

export function headersSent(what: string): StateError {
  return new StateError(
    "headers_sent",
    `The response has begun, so the cookie that ${what} needs cannot be sent. Call it before the first byte.`,
  );
}

/** Returns true if none of the stored keys may stay. */
export function startsOver(intent: Intent): boolean {
  return (intent.is === "login" || intent.is === "startOver") && intent.afresh;
}

/**
 * Returns the absolute timeout that the session keeps whatever its next commit does; undefined if that begins its time:
 * it is not stored yet, or a sign-in was asked for.
 */
export function keptTimeout({ phase, intent }: Live): number | undefined {
  if (intent.is === "login" || intent.is === "startOver") return undefined;
  return lastStored(phase)?.head.absoluteTimeout;
}

/** Returns what is stored of a session, as far as this request knows; undefined if it is not stored, or has ended. */
export function storedOf({ phase }: Live): Stored | undefined {
  const now = phase.is === "over" ? phase.before : phase;
  return now.is === "ended" ? undefined : lastStored(now);
}

/** The same for a session that has ended: what was stored last. */
export function lastStored(phase: Phase): Stored | undefined {
  switch (phase.is) {
    case "stored":
      return phase;
    case "over":
      return lastStored(phase.before);
    case "new":
      return undefined;
    default:
      return phase.of && lastStored(phase.of);
  }
}

/** Whose session it is, for an event. */
export interface About {
  readonly handle: string;
  readonly userId: string | null;
}

/**
 * Returns true if the next commit begins another record than the stored one: a sign-in by the id before a rotation gets a
 * session of its own, and so does a user's session that starts over. These are the steps `own` and `replace` of decide.ts.
 */
export function beginsAnother({ grace, record }: Stored, intent: Intent): boolean {
  if (intent.is === "login") return grace;
  return intent.is === "startOver" && (grace || record.userId !== null);
}

/** Returns the handle and the user for an event; the handle is empty if nothing was ever stored. */
export function eventOf({ phase }: Live): About {
  const last = lastStored(phase);
  return aboutOf(last?.handle ?? "", last?.record);
}

export function aboutOf(handle: string, record: SessionRecord | undefined): About {
  return { handle, userId: plainUser(record?.userId ?? null) };
}

/** `request.session = data`: what was there goes, what is given is copied in. `{}` ends the session at commit. */
export function replaceData(session: object, data: object): void {
  if (data === session) return;
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new TypeError("A session can only be replaced by an object of data, or ended by null.");
  const live = writableOf(session, "replace");
  for (const key of Object.keys(session)) setKey(session, key, undefined);
  for (const key of Object.keys(data)) setKey(session, key, (data as SessionData)[key]);
  dataReplaced(live);
}

export type { Lifetime, Live, SessionKind } from "./live.ts";
export type { AnySession, Loose, Session } from "./register.ts";
export { setKey };
