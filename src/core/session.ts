import type { SessionData, SessionRecord } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { Lease } from "./lock.ts";

/**
 * The data of a session: a plain dictionary to read and write, nested values included; what changed is stored at the
 * end of the request. Any read may be undefined. No key is reserved: `__proto__` and `constructor` are data too.
 */
export type Session<T extends object = SessionData> = { [K in keyof T]?: T[K] | undefined };

/** How long one session may live, in seconds; what is left out is the engine's option. */
export interface Lifetime {
  idleTimeout?: number;
  absoluteTimeout?: number;
  /** Whether its cookie outlives the browser. */
  persistent?: boolean;
}

/** What a verb has asked `commit` to do. The last one counts, but nothing takes back a `destroy`. */
export type Mark =
  | { readonly verb: "rotate"; readonly privilegeChange: boolean; readonly lifetime: Lifetime | undefined }
  | { readonly verb: "login"; readonly userId: string; readonly lifetime: Lifetime }
  | { readonly verb: "destroy" };

/** The state behind one session object. */
export interface Live {
  readonly engine: Engine;
  readonly data: object;
  /** `ended`: nothing more is stored, silently. `discarded`: the request is over. */
  state: "open" | "read_only" | "ended" | "discarded";
  /** The public name of its record; empty while it has none. */
  handle: string;
  /** What the store had at load or after the last write; undefined for a session that is not stored yet. */
  record: SessionRecord | undefined;
  /** The encoded data that changes are found against. */
  baseline: string;
  /** The store's version that `baseline` is the whole data of, or -1 if there is none. */
  version: number;
  mark: Mark | undefined;
  /** `request.session = {}` was written: end it if it is still empty. */
  emptied: boolean;
  /** The version at which `update` took the store's last key; the session ends at commit if nothing came since. */
  drained: number | undefined;
  /** The data did not fit the schema, so the handler sees none; leave the store alone unless something is written. */
  reshaped: boolean;
  /** Its cookie was replaced at a sign-in a moment ago: store nothing and set no cookie, or the user is logged out. */
  readonly superseded: boolean;
  /** It came with the id before a rotation. */
  readonly grace: boolean;
  /** Whether the request carried a cookie of our name. */
  readonly presented: boolean;
  /** The Set-Cookie line that the response owes the browser. */
  cookie: string | undefined;
  headersSent: boolean;
  lease: Lease | undefined;
  /** `exclusive` took the lease for a part of the request, and frees it itself. */
  partly: boolean;
  /** Settles with the commit that is under way; never rejects. */
  busy: Promise<void> | undefined;
}

/** Looks like a plain object: no inherited names, no visible state. */
class SessionObject {
  #live: Live | undefined;

  static attach(object: SessionObject, live: Live): void {
    object.#live = live;
  }

  static live(object: object): Live | undefined {
    return #live in object ? object.#live : undefined;
  }
}
const attach = SessionObject.attach;
const find = SessionObject.live;
Object.setPrototypeOf(SessionObject.prototype, null);
delete (SessionObject.prototype as { constructor?: unknown }).constructor;

/** A new empty session object and its state. */
export function openSession(
  engine: Engine,
  presented: boolean,
  found: { handle: string; record: SessionRecord; grace: boolean } | undefined,
  state: "open" | "read_only" | "superseded" = "open",
): Live {
  const data = new SessionObject();
  const live: Live = {
    engine,
    data,
    state: state === "read_only" ? state : "open",
    handle: found === undefined ? "" : found.handle,
    record: found?.record,
    baseline: found === undefined ? "{}" : found.record.data,
    version: found === undefined ? -1 : found.record.version,
    mark: undefined,
    emptied: false,
    drained: undefined,
    reshaped: false,
    superseded: state === "superseded",
    grace: found?.grace ?? false,
    presented,
    cookie: undefined,
    headersSent: false,
    lease: undefined,
    partly: false,
    busy: undefined,
  };
  attach(data, live);
  return live;
}

/** The state of a session object. Throws StateError `not_live` for anything else, and after the request is over. */
export function liveOf(session: object): Live {
  const live = typeof session === "object" && session !== null ? find(session) : undefined;
  if (live === undefined) {
    throw new StateError(
      "not_live",
      "This object is not a session. Pass the session itself, not a copy of it.",
    );
  }
  if (live.state === "discarded") throw requestOver();
  return live;
}

export function requestOver(): StateError {
  return new StateError("not_live", "The request of this session is over.");
}

/** Like `liveOf`, for what changes the session: it must also be one that can be written. */
export function writableOf(session: object, verb: string): Live {
  const live = liveOf(session);
  if (live.state === "read_only") throw readOnly(verb);
  return live;
}

export function readOnly(verb: string): StateError {
  return new StateError(
    "read_only",
    `${verb}: the sessions' store is down, so this session cannot be written. Try again later.`,
  );
}

/** Puts `value` under `key`; undefined removes the key. */
export function setKey(data: object, key: string, value: unknown): void {
  if (value === undefined) delete (data as SessionData)[key];
  else (data as SessionData)[key] = value;
}

/** `request.session = data`: what was there goes, what is given is copied in. `{}` ends the session at commit. */
export function replaceData(session: object, data: object): void {
  if (data === session) return;
  const live = writableOf(session, "replace");
  for (const key of Object.keys(session)) setKey(session, key, undefined);
  for (const key of Object.keys(data)) setKey(session, key, (data as SessionData)[key]);
  live.emptied = Object.keys(session).length === 0;
}
