import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Awaitable, SessionBackend, SessionCount } from "../backends/backend.ts";
import { call, chain } from "./call.ts";
import { cameFrom } from "./came-from.ts";
import { commit, drop, finish } from "./commit.ts";
import { createEngine } from "./engine.ts";
import { listen, type SessionEventName, type SessionEvents, type Unsubscribe } from "./events.ts";
import { type ListedSession, type Listing, listed, listing } from "./listed.ts";
import { ENGINE, type Engine, type LoadOptions } from "./live.ts";
import { load } from "./load.ts";
import { clientIn, cookieIn, type LoadFrom } from "./load-from.ts";
import { logEvents } from "./logger.ts";
import { checkMounted } from "./mounted.ts";
import { stateOf } from "./opened.ts";
import { resolveOptions, type SessionOptions } from "./options.ts";
import type { AnyData, AnyShown, Session, Whole } from "./register.ts";
import { renamed } from "./renamed.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { operatorIn, type RevokeOptions, revoked, revokedAll } from "./revoked.ts";
import { liveOf } from "./session.ts";
import { updateListed } from "./update.ts";
import { closeWatcher, type SessionEnd, type WatchOptions, watch } from "./watch.ts";
import { chosen, type ListFilter, type Which, type WhichBut } from "./which.ts";

/** Sessions on one back-end, for any framework: begin with `load`, end with `commit`. */
export interface Sessions<T extends object = AnyData> {
  /** What the data is, for types alone. */
  readonly "~data"?: T;
  /** For adapters. */
  readonly [ENGINE]: Engine;
  readonly options: ResolvedOptions;
  readonly backend: SessionBackend;
  /**
   * Returns the session that a request opens, given the request itself (web or Node), its headers, or its raw Cookie
   * header; a new, empty one if there is no cookie, or it is malformed, unknown, forged or expired. Returns at once if the
   * back-end does. Without a cookie of our name there is no call of the back-end.
   * Throws BackendError (unless `whenDown` is "anonymous"), StateError `lock_timeout`.
   */
  load(from?: LoadFrom, options?: LoadOptions): Awaitable<Session<T>>;
  /**
   * Saves what changed; call it right before the response's headers leave. Returns the Set-Cookie line that they
   * must carry, or undefined; of a session that was loaded by `token`, the value of that header, empty at its end.
   * Unchanged means no save. Call it again at the end of a stream: it saves what changed
   * since, and throws StateError `headers_sent` if that needs a cookie.
   * In a handler of an adapter or App, it saves as the verb `save` does, and the adapter sends the cookie all the same.
   * Throws DataError, BackendError, StateError: nothing was saved, and the response must be an error.
   */
  commit(session: Session<T>): Awaitable<string | undefined>;
  /**
   * Ends the use of a session without saving: its request failed. Frees what it held exclusively. Returns the
   * Set-Cookie line that the error response must carry because the handler itself had called `commit`, or undefined.
   */
  discard(session: Session<T>): string | undefined;
  /**
   * Tells about live sessions, one by one: that of a handle, all of a user by the time of their sign-in, or, without a selector,
   * all of this realm in an order of the store's own, each that lives meanwhile at least once, and with a rest after each 200 of
   * twice as long as the store took for them. Damaged ones are left out. `current` is the session of this request, which then has `current: true`. For an array:
   * `await sessions.list({ userId }).toArray()`; for one page: `sessions.list().page({ cursor, limit })`.
   * Throws BackendError; TypeError for a selector that is none; ConfigError `backend` if the store cannot list all sessions.
   */
  list(which?: Which | ListFilter, options?: { readonly current?: AnyShown | undefined }): Listing<T>;
  /** Returns how many live sessions that are. Throws as `list` does. */
  count(which: Which): Promise<number>;
  /**
   * Returns how many live sessions the store has, those of other realms on it included: exactly where that is cheap, else an
   * estimate. Throws BackendError, ConfigError `backend` if the store cannot tell.
   */
  count(): Promise<SessionCount>;
  /**
   * Ends the session of a handle, or every session of a user that was signed in before, or those that `list` told about, passed as
   * an array. `except` is left alone: a session of this process, as its request will leave it, or a handle. Returns how many it
   * ended. `by` names the operator who asked for it in the events. Throws as `list` does.
   */
  revoke(which: WhichBut | readonly ListedSession<T>[], options?: RevokeOptions): Promise<number>;
  /**
   * Names the device of a session, as `list` then tells it; cut to 256 characters, "" for none. No deadline moves.
   * Throws StateError `ended` if there is no such session, BackendError; TypeError for a name that is no text.
   */
  rename(which: { readonly handle: string }, name: string): Promise<void>;
  /**
   * Changes one key of the session of a handle, whoever is using it: as atomic as the verb `update`, also with that. `fn`
   * gets the stored value and returns the new one (undefined removes the key); it may run more than once. Returns the new
   * value. No deadline moves, since the user did nothing; the event is `changed`. Requests under way see it when they
   * read again.
   * Throws StateError `ended` if there is no such session, `conflict` if others kept changing it; DataError, BackendError.
   */
  update<K extends keyof T & string, R extends T[K] | undefined>(
    which: { readonly handle: string },
    key: K,
    fn: (value: T[K] | undefined) => Awaitable<R>,
  ): Promise<R>;
  /**
   * Calls `listener` for every event of this name in this process that concerns these sessions, at once. Nobody waits for
   * what an async listener returns; one that fails causes a warning. Returns a function that ends it; `using` does too.
   * Throws TypeError for an unknown name.
   */
  on<Name extends SessionEventName>(
    name: Name,
    listener: (event: SessionEvents[Name]) => unknown,
  ): Unsubscribe;
  /**
   * Calls `onEnd` once with `{ reason }` when a session ends, in whichever process, or silently by its deadline: "logged_out",
   * "revoked", "limit" (by `perUser`), "expired", "rights" (a sign-in or elevation of another request; a mere rotation is none), or
   * "unreachable" if the store gives no word for `watchLease`. Takes a session, also after its request, or `{ handle }`. `using` or dispose ends it.
   *
   * Its own request may go on changing the session: its sign-in is no end, its logout is. A session that is not stored yet is watched from
   * the commit that stores it, and one that never is has no end. Watching keeps neither the process nor the data in memory, and the session
   * alive only with `keepAlive`.
   */
  watch(
    session: AnyShown | { readonly handle: string },
    onEnd: (end: SessionEnd) => unknown,
    options?: WatchOptions,
  ): Disposable;
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

/** The data of sessions with this schema: whole if it takes an empty session and fills in what is missing. */
export type SchemaData<T extends object, S extends StandardSchemaV1> =
  unknown extends StandardSchemaV1.InferInput<S>
    ? T
    : Record<never, never> extends StandardSchemaV1.InferInput<S>
      ? Whole<T>
      : T;

/**
 * Makes sessions. Throws ConfigError, naming the option, if any is wrong or two contradict each other.
 *
 * @example
 * const sessions = createSessions<{ cart: string[] }>({ timeouts: { idle: "30m", absolute: "7d" } });
 */
export function createSessions<
  T extends object = AnyData,
  S extends StandardSchemaV1<unknown, T> = StandardSchemaV1<unknown, T>,
>(options: SessionOptions<T> & { schema?: S | undefined } = {}): Sessions<SchemaData<T, S>> {
  const { environment, legacy, bound, logger } = options;
  const engine = createEngine(options.backend, resolveOptions(options), environment, legacy, bound);
  const { backend } = engine;
  checkMounted(backend, engine.options);
  const stopLog = logger === undefined ? undefined : logEvents(engine, logger);

  return {
    [ENGINE]: engine,
    options: engine.options,
    backend,
    load(from, loadOptions) {
      const [header, how] = cookieIn(engine, from, loadOptions);
      const client = clientIn(engine, from);
      return chain(load(engine, header, how), (live) => {
        if (client !== undefined) cameFrom(live, client);
        return live.data as never;
      });
    },
    commit(session) {
      const live = liveOf(session);
      return live.outbox.byAdapter ? chain(commit(live), () => live.outbox.line) : finish(live);
    },
    discard: (session) => drop(liveOf(session)),
    list: (which, options) => listing(engine, which, options),
    count: (async (...[which]: [Which?]) => {
      if (which === undefined) return call(engine, "countAll");
      return (await listed(engine, chosen("count", which), undefined)).length;
    }) as Sessions["count"],
    revoke: async (which, options) => {
      const by = operatorIn(options);
      if (Array.isArray(which)) return revokedAll(engine, which, by);
      return revoked(engine, chosen("revoke", which, true), by);
    },
    async rename(which, name) {
      const { handle } = chosen("rename", which);
      if (handle === undefined) throw new TypeError("rename: pass { handle }, since it names one session.");
      await renamed(engine, handle, name);
    },
    async update<R>(which: { readonly handle: string }, key: string, fn: (value: never) => Awaitable<R>) {
      const { handle } = chosen("update", which);
      if (handle === undefined) throw new TypeError("update: pass { handle }, since it changes one session.");
      return (await updateListed(engine, handle, key, fn)) as R;
    },
    on: (name, listener) => listen(engine, name, listener),
    watch: (which, onEnd, options) => watch(engine, which, onEnd, options),
    prune: async () => call(engine, "prune"),
    async close() {
      closeWatcher(engine);
      stopLog?.();
      await backend.close();
    },
  };
}
