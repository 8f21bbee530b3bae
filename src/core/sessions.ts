import type { Awaitable, SessionBackend, SessionData, UserSession } from "../backends/backend.ts";
import { refuseUnknown } from "../option-names.ts";
import { call, chain } from "./call.ts";
import { decoded } from "./codec.ts";
import { commit, drop, finish } from "./commit.ts";
import { unlessDamaged } from "./damage.ts";
import { createEngine } from "./engine.ts";
import { publish } from "./events.ts";
import { readHead, timesOf } from "./head.ts";
import { ENGINE, type Engine, type LoadOptions, type Session } from "./live.ts";
import { load } from "./load.ts";
import { checkMounted } from "./mounted.ts";
import { resolveOptions, type SessionOptions } from "./options.ts";
import { storedUser } from "./realm.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { liveOf } from "./session.ts";
import { stateOf } from "./state.ts";
import { isHandle } from "./token.ts";
import { updateListed } from "./update.ts";
import { checkUserId } from "./user.ts";
import { info } from "./verbs.ts";

/** One session of a user, as its owner or an operator sees it. Times are seconds since 1970. */
export interface UserSessionInfo<T extends object = SessionData> {
  /** The public name, for `revoke`. It opens nothing. */
  readonly handle: string;
  readonly userId: string;
  readonly createdAt: number;
  readonly signedInAt: number;
  /** To within `touchThrottle`. */
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  /** A copy. */
  readonly data: Session<T>;
}

/** Sessions on one back-end, for any framework: begin with `load`, end with `commit`. */
export interface Sessions<T extends object = SessionData> {
  /** For adapters. */
  readonly [ENGINE]: Engine;
  readonly options: ResolvedOptions;
  readonly backend: SessionBackend;
  /**
   * Returns the session that a raw Cookie header opens; a new, empty one if there is none, or it is malformed, unknown,
   * forged or expired. Returns at once if the back-end does. Without a cookie of our name
   * there is no call of the back-end.
   * Throws BackendError (unless `outage` is "anonymous"), StateError `lock_timeout`.
   */
  load(cookieHeader: string | null | undefined, options?: LoadOptions): Awaitable<Session<T>>;
  /**
   * Saves what changed; call it right before the response's headers leave. Returns the Set-Cookie line that they
   * must carry, or undefined; of a session that was loaded by `token`, the value of that header, empty at its end.
   * Unchanged means no save. Call it again at the end of a stream: it saves what changed
   * since, and throws StateError `headers_sent` if that needs a cookie.
   * In a handler of an adapter or App, it saves as the verb `commit` does, and the adapter sends the cookie all the same.
   * Throws DataError, BackendError, StateError: nothing was saved, and the response must be an error.
   */
  commit(session: Session<T>): Awaitable<string | undefined>;
  /**
   * Ends the use of a session without saving: its request failed. Frees what it held exclusively. Returns the
   * Set-Cookie line that the error response must carry because the handler itself had called `commit`, or undefined.
   */
  discard(session: Session<T>): string | undefined;
  /**
   * The live sessions of a user, the oldest sign-in first, without damaged ones. Throws BackendError; TypeError for what
   * `login` takes for no user's id.
   */
  listByUser(userId: string): Promise<UserSessionInfo<T>[]>;
  /**
   * Changes one key of a listed session, whoever is using it: as atomic as the verb `update`, also with that. `fn` gets the
   * stored value and returns the new one (undefined removes the key); it may run more than once. Returns the new value.
   * No deadline moves, since the user did nothing; the event is `changed`. Requests under way see it when they read again.
   * Throws StateError `ended` if there is no such session, `conflict` if others kept changing it; DataError, BackendError.
   */
  update<K extends keyof T & string, R extends T[K] | undefined>(
    which: { readonly handle: string },
    key: K,
    fn: (value: T[K] | undefined) => Awaitable<R>,
  ): Promise<R>;
  /** Ends the session of this handle; returns true if there was one. Throws BackendError. */
  revoke(handle: string): Promise<boolean>;
  /**
   * Ends every session of a user that was signed in before, but the one in `except` (a session or its handle).
   * Returns how many. Throws as `listByUser` does.
   */
  revokeAll(userId: string, options?: { except?: object | string | undefined }): Promise<number>;
  /** Deletes expired records where the store does not do it by itself; returns how many. */
  prune(): Promise<number>;
  /** Stops timers, and closes what the back-end opened itself. */
  close(): Promise<void>;
}

/**
 * Returns further Set-Cookie lines that the response must carry if it carries what `commit` returned: they remove the
 * cookies of another library whose session moved here.
 */
export function farewellsOf(session: object): readonly string[] {
  return stateOf(session)?.outbox.farewells ?? [];
}

/** Makes sessions. Throws ConfigError, naming the option, if any is wrong or two contradict each other. */
export function createSessions<T extends object = SessionData>(options: SessionOptions<T> = {}): Sessions<T> {
  const engine = createEngine(options.backend, resolveOptions(options), options.environment, options.legacy);
  const { backend } = engine;
  checkMounted(backend, engine.options);

  return {
    [ENGINE]: engine,
    options: engine.options,
    backend,
    load(cookieHeader, loadOptions) {
      return chain(load(engine, cookieHeader, loadOptions), ({ data }) => data as Session<T>);
    },
    commit(session) {
      const live = liveOf(session);
      return live.outbox.byAdapter ? chain(commit(live), () => live.outbox.line) : finish(live);
    },
    discard: (session) => drop(liveOf(session)),
    async listByUser(userId) {
      const user = storedUser(engine.options.realm, checkUserId("listByUser", userId));
      const found = await call(engine, "listByUser", user);
      // Whatever else a store answers is not this user's.
      const own = found.filter(({ record }) => record.userId === user);
      return own
        .flatMap(
          (session) => unlessDamaged(session.handle, session.record, () => infoOf<T>(session, userId)) ?? [],
        )
        .sort((one, other) => one.signedInAt - other.signedInAt);
    },
    async update<R>(
      { handle }: { readonly handle: string },
      key: string,
      fn: (value: never) => Awaitable<R>,
    ) {
      return (await updateListed(engine, handle, key, fn)) as R;
    },
    async revoke(handle) {
      // A store may hold other things under other names, which are not sessions to be ended.
      if (!isHandle(handle)) return false;
      const deleted = await call(engine, "delete", handle);
      if (deleted) publish("revoked", { handle, userId: null });
      return deleted;
    },
    async revokeAll(userId, options = {}) {
      refuseUnknown(options, ["except"]);
      const { except } = options;
      const user = storedUser(engine.options.realm, checkUserId("revokeAll", userId));
      const kept = typeof except === "object" ? info(except).handle : except;
      const handles = await call(engine, "revokeUser", user, kept);
      for (const handle of handles) publish("revoked", { handle, userId });
      return handles.length;
    },
    prune: async () => call(engine, "prune"),
    close: async () => backend.close(),
  };
}

function infoOf<T extends object>({ handle, record }: UserSession, userId: string): UserSessionInfo<T> {
  const head = readHead(record.head);
  const { createdAt, signedInAt = createdAt } = timesOf(record, head);
  return {
    handle,
    userId,
    createdAt,
    signedInAt,
    lastSeenAt: Math.max(signedInAt, record.expiresAt - head.idleTimeout),
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
    data: decoded(record.data) as Session<T>,
  };
}
