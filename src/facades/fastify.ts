import { saveNow } from "../core/commit.ts";
import { type SessionKind, sessionKind, setKey } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { destroy } from "../core/verbs.ts";
import { perform, type SessionCallback } from "./callback.ts";
import { cookieOf, type ExpressCookie } from "./cookie.ts";
import { publicId, reloadSession } from "./regenerate.ts";

export type { SessionCallback } from "./callback.ts";
export type { ExpressCookie } from "./cookie.ts";

/**
 * What users and plugins of @fastify/session find on `request.session` besides its data, and `data` and `delete` of
 * @fastify/secure-session; data of the same name hides it. Without a callback, methods that take one return a
 * promise.
 */
export interface FastifySessionMembers<T extends object> {
  /** The public name of the session; another one after each change of rights. Opens nothing. */
  readonly sessionId: string;
  readonly cookie: ExpressCookie;
  get<K extends keyof T>(key: K): T[K] | undefined;
  /** undefined removes the key. */
  set<K extends keyof T>(key: K, value: T[K] | undefined): void;
  /** A copy of the data. */
  data(): Partial<T>;
  /**
   * Starts over with a session that has only these keys of the old one, `request.session` from now on; the old id is
   * dead when the answer leaves.
   */
  regenerate(keys?: readonly string[]): Promise<void>;
  regenerate(callback: SessionCallback): void;
  regenerate(keys: readonly string[], callback: SessionCallback): void;
  /**
   * Ends the session now, and its cookie with the answer. `request.session` is empty then, and stores nothing more.
   */
  destroy(): Promise<void>;
  destroy(callback: SessionCallback): void;
  /** Ends the session with the answer. */
  delete(): void;
  /** Reads again what is stored; what was not saved is lost. An error if nothing is. */
  reload(): Promise<void>;
  reload(callback: SessionCallback): void;
  /** Saves now what has changed until now, as `commit` does. */
  save(): Promise<void>;
  save(callback: SessionCallback): void;
  /** Does nothing: every request moves the idle deadline by itself, as often as `touchThrottle` says. */
  touch(): void;
  /**
   * Sets `maxAge` or `expires` of its cookie; all others are the same for all sessions, so a new value is a
   * TypeError.
   */
  options(options: Partial<ExpressCookie>): void;
}

type Callback = SessionCallback | undefined;

const members: ThisType<Record<string, unknown>> & Record<string, unknown> = {
  get sessionId(): string {
    return publicId(this);
  },
  get cookie(): ExpressCookie {
    return cookieOf(this);
  },
  get(key: string): unknown {
    // Own keys only, or a name of ours would be found as data.
    return Object.hasOwn(this, key) ? this[key] : undefined;
  },
  set(key: string, value: unknown): void {
    setKey(this, key, value);
  },
  data(): Record<string, unknown> {
    return { ...this };
  },
  regenerate(keys: readonly string[] | Callback, last: Callback): unknown {
    const verb = (): void => {
      const fresh = startOver(this);
      for (const key of Array.isArray(keys) ? (keys as readonly string[]) : [])
        if (Object.hasOwn(this, key)) setKey(fresh, key, this[key]);
    };
    return perform(undefined, typeof keys === "function" ? keys : last, { verb });
  },
  destroy(callback: Callback): unknown {
    const verb = (): void => destroy(this);
    return perform(undefined, callback, { verb, work: () => saveNow(this), isMetAgain: true });
  },
  delete(): void {
    destroy(this);
  },
  reload(callback: Callback): unknown {
    return perform(undefined, callback, { work: () => reloadSession(this) });
  },
  save(callback: Callback): unknown {
    return perform(undefined, callback, { work: () => saveNow(this), isMetAgain: true });
  },
  touch(): void {},
  options(options: Partial<ExpressCookie>): void {
    Object.assign(cookieOf(this), options);
  },
};

/** The kind of session objects that have these members. */
export const fastifyKind: SessionKind = sessionKind(members);
