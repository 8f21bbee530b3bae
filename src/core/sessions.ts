import type { Awaitable, SessionBackend, SessionData, UserSession } from "../backends/backend.ts";
import { systemEnvironment } from "../environment.ts";
import { decode } from "./codec.ts";
import { commitLive } from "./commit.ts";
import { call, chain, type Engine } from "./engine.ts";
import { publish } from "./events.ts";
import { type LoadOptions, loadLive } from "./load.ts";
import { type ResolvedOptions, resolveBackend, resolveOptions, type SessionOptions } from "./options.ts";
import { payOwed } from "./owed.ts";
import { type Live, liveOf, type Session, setKey, stateOf } from "./session.ts";
import { isHandle } from "./token.ts";
import { info } from "./verbs.ts";

/** One session of a user, as an operator or its owner may see it. Times are seconds since 1970. */
export interface UserSessionInfo<T extends object = SessionData> {
  /** The public name, for `revoke`. Gives nobody access. */
  readonly handle: string;
  readonly userId: string;
  readonly createdAt: number;
  /** To within `touchThrottle`. */
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  /** A copy. */
  readonly data: Session<T>;
}

/** Sessions on one back-end, for any framework: begin with `load`, end with `commit`. */
export interface Sessions<T extends object = SessionData> {
  readonly options: ResolvedOptions;
  readonly backend: SessionBackend;
  /**
   * The session that a raw Cookie header stands for; a new, empty one if there is none, it is malformed, unknown,
   * forged or expired. A back-end that answers synchronously is answered synchronously. Without a cookie of our name
   * there is no call of the back-end.
   * Throws BackendError (unless `outage` is "anonymous"), StateError `lock_timeout`.
   */
  load(cookieHeader: string | null | undefined, options?: LoadOptions): Awaitable<Session<T>>;
  /**
   * Saves what changed; call it right before the response's headers leave. Answers the Set-Cookie line that they
   * must carry, or undefined; of a session that was loaded by `token`, the value of that header, empty at its end.
   * Unchanged means no save. Call it again at the end of a stream: it saves what changed
   * since, and throws StateError `headers_sent` if that needs a cookie.
   * Throws DataError, BackendError, StateError: nothing was saved, and the answer must be an error.
   */
  commit(session: Session<T>): Awaitable<string | undefined>;
  /**
   * Ends the use of a session without saving: its request failed. Frees what it held exclusively. Answers the
   * Set-Cookie line that the error answer must carry because the handler itself had called `commit`, or undefined.
   */
  discard(session: Session<T>): string | undefined;
  /** The live sessions of a user, oldest first. Throws BackendError. */
  listByUser(userId: string): Promise<UserSessionInfo<T>[]>;
  /** Ends the session of this handle; answers whether there was one. Throws BackendError. */
  revoke(handle: string): Promise<boolean>;
  /**
   * Ends every session of a user that was signed in before, but the one in `except` (a session or its handle).
   * Answers how many. Throws BackendError.
   */
  revokeAll(userId: string, options?: { except?: object | string }): Promise<number>;
  /** Deletes expired records where the store does not do it by itself; answers how many. */
  prune(): Promise<number>;
  /** Stops timers, and closes what the back-end opened itself. */
  close(): Promise<void>;
}

/**
 * Further Set-Cookie lines that the response must carry if it carries what `commit` answered: they take away the cookies
 * of another library whose session moved here.
 */
export function farewellsOf(session: object): readonly string[] {
  return stateOf(session)?.farewells ?? NONE;
}

const NONE: readonly string[] = [];

/** Makes sessions. Throws ConfigError, naming the option, if any is wrong or two contradict each other. */
export function createSessions<T extends object = SessionData>(options: SessionOptions<T> = {}): Sessions<T> {
  const resolved = resolveOptions(options);
  const backend = resolveBackend(options.backend);
  const { environment = systemEnvironment } = options;
  if (options.environment !== undefined) backend.environment = environment;
  const engine: Engine = { backend, options: resolved, environment, queues: new Map(), turns: new Map() };
  backend.onExpired ??= (handle, userId) => publish("expired", { handle, userId });

  return {
    options: resolved,
    backend,
    load(cookieHeader, loadOptions) {
      const live = loadLive(engine, cookieHeader, loadOptions);
      return live instanceof Promise ? live.then((later) => later.data) : live.data;
    },
    commit(session) {
      const live = liveOf(session);
      try {
        const done = commitLive(live);
        if (done instanceof Promise) {
          return done.then(
            () => leave(live),
            async (error: unknown) => {
              await release(live);
              throw error;
            },
          );
        }
      } catch (error) {
        void release(live);
        throw error;
      }
      return leave(live);
    },
    discard(session) {
      const live = liveOf(session);
      live.state = "discarded";
      void release(live);
      return live.headersSent ? undefined : live.cookie;
    },
    async listByUser(userId) {
      const found = await call(engine, "listByUser", () => backend.listByUser(userId));
      return found.map((session) => infoOf(session));
    },
    async revoke(handle) {
      // A store may hold other things under other names, which are not sessions to be ended.
      if (!isHandle(handle)) return false;
      const deleted = await call(engine, "delete", () => backend.delete(handle));
      if (deleted) publish("revoked", { handle, userId: null });
      return deleted;
    },
    async revokeAll(userId, { except } = {}) {
      const kept = typeof except === "object" ? info(except).handle : except;
      const handles = await call(engine, "revokeUser", () => backend.revokeUser(userId, kept));
      for (const handle of handles) publish("revoked", { handle, userId });
      return handles.length;
    },
    prune: async () => call(engine, "prune", () => backend.prune()),
    close: async () => backend.close(),
  };
}

/** From now on the headers count as sent. Answers the cookie that they still can carry. */
function leave(live: Live): Awaitable<string | undefined> {
  return live.owed === undefined ? left(live) : chain(payOwed(live), () => left(live));
}

function left(live: Live): Awaitable<string | undefined> {
  const cookie = live.headersSent ? undefined : live.cookie;
  live.cookie = undefined;
  live.headersSent = true;
  const released = release(live);
  return released === undefined ? cookie : released.then(() => cookie);
}

function release(live: Live): Promise<void> | undefined {
  const { lease } = live;
  if (lease === undefined || live.partly) return;
  live.lease = undefined;
  return lease.release();
}

function infoOf<T extends object>({ handle, record }: UserSession): UserSessionInfo<T> {
  const data: SessionData = Object.create(null);
  decode(record.data, (key, value) => setKey(data, key, value));
  return {
    handle,
    userId: record.userId ?? "",
    createdAt: record.createdAt,
    lastSeenAt: Math.max(record.createdAt, record.expiresAt - record.idleTimeout),
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
    data: data as Session<T>,
  };
}
