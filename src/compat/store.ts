import { EventEmitter } from "node:events";
import type { LoadSave, SessionBackend } from "../backends/backend.ts";
import { call } from "../core/call.ts";
import { decoded } from "../core/codec.ts";
import { createEngine } from "../core/engine.ts";
import { publish } from "../core/events.ts";
import { readHead } from "../core/head.ts";
import type { Engine } from "../core/live.ts";
import { judge } from "../core/load.ts";
import { isDamaged } from "../core/read-again.ts";
import { aboutOf } from "../core/session.ts";
import { ConfigError } from "../errors.ts";
import { type Classes, classesOf, inflate, type SessionRequest } from "./_session-store/classes.ts";
import { liveCookie, type StoredCookie } from "./_session-store/cookie.ts";
import { type Draft, draftOf, earlyBy } from "./_session-store/draft.ts";
import { type Held, newHeld, storedNow } from "./_session-store/held.ts";
import { keyOf } from "./_session-store/key.ts";
import {
  type ResolvedStoreOptions,
  resolveStoreOptions,
  type SessionStoreOptions,
} from "./_session-store/options.ts";
import { end, touch, write } from "./_session-store/write.ts";

export type { SessionRequest } from "./_session-store/classes.ts";
export type { StoredCookie } from "./_session-store/cookie.ts";
export type { SessionStoreOptions } from "./_session-store/options.ts";

/** A stored session as express-session takes it: the data, and `cookie`. */
export interface StoredSession {
  cookie: StoredCookie;
  [key: string]: unknown;
}

/** Called once, never before the method has returned. */
type Callback<T> = (error: unknown, value?: T) => void;

/**
 * A back-end as the `store` of express-session (tested with 1.19). Sessions then survive what they do not in other
 * stores: of two parallel requests that change different keys both are kept, and a session that was destroyed while a
 * slow request ran does not come back with that one's save.
 *
 * What such a request wrote is dropped without an error, as if it had been stored just before the end (event
 * `discarded`); only a sign-in that could not be stored is one (StateError `ended` or `conflict`). A session that did
 * not come from this store's `get` is stored as a whole, whatever became of it.
 *
 * The back-end holds hashes of a session's id and never the id; 16 characters of one are the handle. A session
 * lives for its cookie's `maxAge`, else for `timeouts.idle`, after the last request. Failures go to the callback as
 * BackendError (status 503); nothing is emitted. There is no list of all sessions (`all`, `length`, `clear`).
 *
 * Throws ConfigError that names the option which is wrong.
 */
export class SessionStore<Data extends object = Record<string, unknown>> extends EventEmitter {
  readonly #engine: Engine;
  readonly #options: ResolvedStoreOptions;
  readonly #held = new WeakMap<object, Held>();
  /** New sessions on their way to the store, by handle: none can be ended before it is there. */
  readonly #creating = new Map<string, Promise<unknown>>();
  /** By session id: the last call whose end nobody is told of, so that the next one has to wait for it. */
  readonly #unheard = new Map<string, Promise<unknown>>();
  #classes: Classes | undefined;

  constructor(backend: SessionBackend | LoadSave, options: SessionStoreOptions<Data> = {}) {
    super();
    this.#options = resolveStoreOptions(options);
    this.#engine = createEngine(backend, this.#options.engine);
  }

  /** The session of this id, or null if there is none. */
  get<Session = StoredSession>(sid: string, callback: Callback<Session | null>): void {
    answer(this.#get(sid) as Promise<Session | null>, callback);
  }

  /**
   * Stores what changed in this session since it came from here; a new one as it is. After a call without a callback, the
   * next ones for that session wait for its end, so that they find what it did.
   */
  set(sid: string, session: object, callback?: Callback<void>): void {
    answer(this.#inOrder(sid, this.#set(sid, session), callback), callback);
  }

  /** Moves the deadline of a session that did not change; what changed in its cookie is stored. */
  touch(sid: string, session: object, callback?: Callback<void>): void {
    const touched = this.#held.has(session) ? this.#set(sid, session) : this.#touch(sid, session);
    answer(this.#inOrder(sid, touched, callback), callback);
  }

  /** Ends the session of this id, if there is one. */
  destroy(sid: string, callback?: Callback<void>): void {
    answer(this.#inOrder(sid, this.#destroy(sid), callback), callback);
  }

  /** Ends the session of a request, and gives it a new one. */
  regenerate(req: SessionRequest, callback: Callback<void>): void {
    this.destroy(String(req.sessionID), (error) => {
      this.generate(req);
      callback(error);
    });
  }

  /** The session of this id with its methods, for code without a request; undefined if there is none. */
  load<Session = object>(sid: string, callback: Callback<Session | undefined>): void {
    const loading = this.#get(sid).then((data) => {
      const req = { sessionID: sid, sessionStore: this };
      return data === null ? undefined : this.createSession<Session>(req, data);
    });
    answer(loading, callback);
  }

  /** Makes `req.session` of what `get` answered. */
  createSession<Session = object>(req: SessionRequest, data: object): Session {
    this.#classes ??= classesOf((aside) => this.generate(aside), req);
    const session = inflate(this.#classes, req, data);
    const held = this.#held.get(data);
    if (held !== undefined) this.#held.set(session, held);
    return session as Session;
  }

  /** Gives a request a new session. express-session puts a function of its own here. */
  generate(_req: object): void {
    throw new ConfigError("store", "Give this SessionStore to express-session before it is used.");
  }

  #inOrder<T>(sid: string, work: Promise<T>, callback: Callback<T> | undefined): Promise<T> {
    if (callback !== undefined) return work;
    const over: Promise<unknown> = work
      .catch(() => {})
      .then(() => this.#unheard.get(sid) === over && this.#unheard.delete(sid));
    this.#unheard.set(sid, over);
    return work;
  }

  async #get(sid: string): Promise<StoredSession | null> {
    await this.#unheard.get(sid);
    const key = keyOf(this.#engine.options.realm, sid);
    const { handle, secretHash } = key;
    const record = await call(this.#engine, "read", handle);
    const verdict = record === undefined ? "unknown" : judge(record, secretHash);
    if (record === undefined || verdict !== "live" || isDamaged(this.#engine, handle, record)) {
      if (verdict === "live") return null;
      if (verdict === "expired" || verdict === "damaged")
        publish(this.#engine, verdict, aboutOf(handle, record));
      else publish(this.#engine, "unknown", { handle });
      return null;
    }
    const { cookie, ...stored } = decoded(record.data);
    const { originalMaxAge } = Object(cookie) as StoredCookie;
    const left = record.expiresAt - record.now - earlyBy(originalMaxAge, readHead(record.head).idleTimeout);
    if (left <= 0) {
      publish(this.#engine, "expired", aboutOf(handle, record));
      return null;
    }
    const data: Record<string, unknown> = {};
    // Not by assignment: `__proto__` is a key like any other.
    const member = { writable: true, enumerable: true, configurable: true };
    for (const [name, value] of Object.entries(stored))
      Object.defineProperty(data, name, { ...member, value });
    const session = Object.assign(data, { cookie: liveCookie(cookie, left) });
    const held = storedNow(record, this.#draft(session), record.version);
    this.#held.set(session, newHeld(key, held));
    return session;
  }

  async #set(sid: string, session: object): Promise<void> {
    const key = keyOf(this.#engine.options.realm, sid);
    const known = this.#held.get(session);
    const held = known?.key.handle === key.handle ? known : newHeld(key);
    const draft = this.#draft(session, held.stored?.draft);
    const userId = this.#options.userId(session);
    this.#held.set(session, held);
    const written = Promise.all([held.last, this.#unheard.get(sid)]).then(() =>
      write(this.#engine, held, draft, userId),
    );
    const over = written.catch(() => {});
    held.last = over;
    if (held.stored === undefined) {
      this.#creating.set(key.handle, over);
      void over.then(() => this.#creating.get(key.handle) === over && this.#creating.delete(key.handle));
    }
    return written;
  }

  async #destroy(sid: string): Promise<void> {
    const { handle } = keyOf(this.#engine.options.realm, sid);
    // Those of before: a later one may wait for this.
    await Promise.all([this.#unheard.get(sid), this.#creating.get(handle)]);
    await end(this.#engine, handle);
  }

  async #touch(sid: string, session: object): Promise<void> {
    const { handle } = keyOf(this.#engine.options.realm, sid);
    const draft = this.#draft(session);
    await this.#unheard.get(sid);
    if (draft.idleTimeout > 0) await touch(this.#engine, handle, draft);
  }

  #draft(session: object, before?: Draft): Draft {
    return draftOf(session, this.#engine.options.timeouts.idle, before);
  }
}

/** Calls back outside of the promise, where what the callback throws is the process's business and not the store's. */
function answer<T>(work: Promise<T>, callback: Callback<NoInfer<T>> = () => {}): void {
  work.then(
    (value) => queueMicrotask(() => callback(null, value)),
    (error: unknown) => queueMicrotask(() => callback(error)),
  );
}
