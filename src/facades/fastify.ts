import { saveHeard, saveNow } from "../core/commit.ts";
import type { AnySession } from "../core/register.ts";
import { type SessionKind, sessionKind, setKey } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { logout } from "../core/verbs.ts";
import { perform, type SessionCallback } from "./callback.ts";
import { cookieOf, type ExpressCookie, maxAgeOf, setMaxAge } from "./cookie.ts";
import { publicId, reloadSession } from "./regenerate.ts";

export type { SessionCallback } from "./callback.ts";
export type { ExpressCookie } from "./cookie.ts";

/**
 * The methods of @fastify/session on `request.session`, and `data` and `delete` of @fastify/secure-session. Data with
 * the same name hides them. Without a callback, methods that take one return a promise.
 */
export interface FastifySessionMembers<T extends object> {
  /** The public name of the session. It changes with the rights of the session, and gives no access. */
  readonly sessionId: string;
  readonly cookie: ExpressCookie;
  get<K extends keyof T>(key: K): T[K] | undefined;
  /** undefined removes the key. */
  set<K extends keyof T>(key: K, value: T[K] | undefined): void;
  /** Returns a copy of the data. */
  data(): Partial<T>;
  /**
   * Replaces `request.session` with a new session that has only these keys of the old one, and its `maxAge`. The old id
   * is invalid when the response is sent.
   */
  regenerate(keys?: readonly string[]): Promise<void>;
  regenerate(callback: SessionCallback): void;
  regenerate(keys: readonly string[], callback: SessionCallback): void;
  /** Ends the session now. The response removes the cookie. `request.session` is empty then, and stores nothing. */
  destroy(): Promise<void>;
  destroy(callback: SessionCallback): void;
  /** Ends the session when the response is sent. */
  delete(): void;
  /**
   * Reads the session from the store again. Unsaved changes are lost. Fails with `ended` if it is not stored, where that
   * of @fastify/session gives an empty session: that would hide a logout.
   */
  reload(): Promise<void>;
  reload(callback: SessionCallback): void;
  /** Saves the changes so far, as the verb `save` does. */
  save(): Promise<void>;
  save(callback: SessionCallback): void;
  /** Has no effect: every request moves the idle deadline, as often as `touchThrottle` says. */
  touch(): void;
  /**
   * Sets `maxAge` or `expires` of the cookie. Another value for any other attribute throws TypeError, as they are the
   * same for all sessions.
   */
  options(options: Partial<ExpressCookie>): void;
}

type Callback = SessionCallback | undefined;

const members: ThisType<AnySession & Record<string, unknown>> & Record<string, unknown> = {
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
      const { whole } = maxAgeOf(this);
      const fresh = startOver(this);
      setMaxAge(fresh, whole);
      for (const key of Array.isArray(keys) ? (keys as readonly string[]) : [])
        if (Object.hasOwn(this, key)) setKey(fresh, key, this[key]);
    };
    return perform(typeof keys === "function" ? keys : last, { verb });
  },
  destroy(callback: Callback): unknown {
    const verb = (): void => logout(this);
    return perform(callback, { verb, work: () => saveNow(this), isMetAgain: true });
  },
  delete(): void {
    logout(this);
  },
  reload(callback: Callback): unknown {
    return perform(callback, { work: () => reloadSession(this) });
  },
  save(callback: Callback): unknown {
    return perform(callback, {
      work: () => saveNow(this),
      heard: () => saveHeard(this),
      isMetAgain: true,
    });
  },
  touch(): void {},
  options(options: Partial<ExpressCookie>): void {
    Object.assign(cookieOf(this), options);
  },
};

/** The class of session objects with these members. */
export const fastifyKind: SessionKind = sessionKind(members);
