import type { SessionData, SessionRecord } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { LoadOptions } from "./load.ts";
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
  /** `userId` is null for somebody whom only the application knows: new rights, and nobody's list. */
  | { readonly verb: "login"; readonly userId: string | null; readonly lifetime: Lifetime }
  | { readonly verb: "destroy" };

/** The state behind one session object. */
export interface Live {
  readonly engine: Engine;
  /** What the request has as its session; another object after `regenerate`. */
  data: object;
  readonly kind: SessionKind;
  /** `ended`: nothing more is stored, silently. `discarded`: the request is over. */
  state: "open" | keyof typeof READ_ONLY | "ended" | "discarded";
  /** The public name of its record; empty while it has none. */
  handle: string;
  /** The name that its record shall get, because it was told before there is one. */
  reserved: string | undefined;
  /** What the store had at load or after the last write; undefined for a session that is not stored yet. */
  record: SessionRecord | undefined;
  /** The encoded data that changes are found against. */
  baseline: string;
  /** The store's version that `baseline` is the whole data of, or -1 if there is none. */
  version: number;
  mark: Mark | undefined;
  /** `regenerate` was called: none of the stored keys may stay. */
  startsOver: boolean;
  /** `request.session = {}` was written: end it if it is still empty. */
  emptied: boolean;
  /** The version at which `update` took the store's last key; the session ends at commit if nothing came since. */
  drained: number | undefined;
  /** The data did not fit the schema, so the handler sees none; leave the store alone unless something is written. */
  reshaped: boolean;
  /** Its token came in a header, and goes back in one. */
  readonly byHeader: boolean;
  /** Its cookie was replaced at a sign-in a moment ago: store nothing and set no cookie, or the user is logged out. */
  superseded: boolean;
  /** It came with the id before a rotation. */
  readonly grace: boolean;
  /** Whether the request carried a cookie of our name. */
  readonly presented: boolean;
  /** The Set-Cookie line that the response owes the browser; by header, the token alone, or nothing at its end. */
  cookie: string | undefined;
  /** Set-Cookie lines that go with it: they take away what stood for the session before. */
  farewells: readonly string[] | undefined;
  /** The Cookie header, while sessions of another library are taken over; see `endLegacy`. */
  legacy: string | undefined;
  /** It moved here in this request, or came with its old cookie: what the response owes for that; see `payOwed`. */
  owed: { readonly cookie: string; readonly farewells: readonly string[] } | undefined;
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

/** What the session objects of one adapter are made of. */
export type SessionKind = new () => object;

/**
 * A kind of session object that has these members, as users of other libraries expect them: found by name, never
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

/** The object that the request has as its session now; it is another one after `regenerate`. */
export function currentOf<S extends object>(session: S): S {
  return (find(session)?.data ?? session) as S;
}

/** Puts a new, empty object in the place of the request's session, and answers it. */
export function replaceObject(live: Live): object {
  const data = new live.kind();
  attach(data as SessionObject, live);
  live.data = data;
  return data;
}

/** A new empty session object and its state. */
export function openSession(
  engine: Engine,
  presented: boolean,
  found: { handle: string; record: SessionRecord; grace: boolean } | undefined,
  options: LoadOptions | undefined,
  state: "open" | "read_only" | "superseded" | "skipped" = "open",
): Live {
  const kind: SessionKind = options?.kind ?? SessionObject;
  const data = new kind() as SessionObject;
  const live: Live = {
    engine,
    data,
    kind,
    state: state === "superseded" ? "open" : state,
    handle: found === undefined ? "" : found.handle,
    reserved: undefined,
    record: found?.record,
    baseline: found === undefined ? "{}" : found.record.data,
    version: found === undefined ? -1 : found.record.version,
    mark: undefined,
    startsOver: false,
    emptied: false,
    drained: undefined,
    reshaped: false,
    byHeader: options?.token !== undefined,
    superseded: state === "superseded",
    grace: found?.grace ?? false,
    presented,
    cookie: undefined,
    farewells: undefined,
    legacy: undefined,
    owed: undefined,
    headersSent: false,
    lease: undefined,
    partly: false,
    busy: undefined,
  };
  attach(data, live);
  return live;
}

/** The state of a session object, even after its request is over; undefined for anything else. */
export function stateOf(session: object): Live | undefined {
  return find(session);
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
  if (Object.hasOwn(READ_ONLY, live.state)) throw readOnly(live, verb);
  return live;
}

/** Why a session in this state cannot be written. */
const READ_ONLY = {
  read_only: "the sessions' store is down, so this session cannot be written. Try again later.",
  skipped:
    "this path is one of those that skip the session, so there is none to write. Take it out of `skip`.",
  shown:
    "this session is only to be looked at here, where the answer has begun. Write in an action or a route handler.",
};

export function readOnly(live: Live, verb: string): StateError {
  return new StateError("read_only", `${verb}: ${READ_ONLY[live.state as keyof typeof READ_ONLY]}`);
}

/** Puts `value` under `key`; undefined removes the key. */
export function setKey(data: object, key: string, value: unknown): void {
  if (value === undefined) delete (data as SessionData)[key];
  else (data as SessionData)[key] = value;
}

/** `request.session = data`: what was there goes, what is given is copied in. `{}` ends the session at commit. */
export function replaceData(session: object, data: object): void {
  if (data === session) return;
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new TypeError("The session can be replaced by an object of data, and by nothing else.");
  const live = writableOf(session, "replace");
  for (const key of Object.keys(session)) setKey(session, key, undefined);
  for (const key of Object.keys(data)) setKey(session, key, (data as SessionData)[key]);
  live.emptied = Object.keys(session).length === 0;
}
