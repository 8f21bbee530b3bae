import { saveNow } from "../core/commit.ts";
import { type SessionKind, sessionKind } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { destroy } from "../core/verbs.ts";
import { publicId, reloadSession } from "../facades/regenerate.ts";
import { cookieOf, type ExpressCookie } from "./_express-cookie.ts";

/** Told when it is done, with the error if it failed. Never called before the method has returned. */
export type SessionCallback = (error?: unknown) => void;

/**
 * What express-session's users find on `req.session` besides its data, as thin verbs of ours; data of the same name
 * hides it. Each method calls back, and answers the session. Without a callback it answers a promise, and throws at
 * once what the verb refuses. Nobody has to wait for `save` and `destroy`: what the store fails to do is tried again, and
 * the error answered, before the response leaves.
 */
export interface ExpressSessionMembers {
  /** The public name of the session; another one after each change of rights. Opens nothing. */
  readonly id: string;
  readonly cookie: ExpressCookie;
  /** Starts over with an empty session, `req.session` from now on; the old id is dead when the answer leaves. */
  regenerate(callback: SessionCallback): this;
  regenerate(): Promise<void>;
  /** Saves now what has changed until now, as `commit` does. */
  save(callback: SessionCallback): this;
  save(): Promise<void>;
  /** Reads again what is stored; what was not saved is lost. An error if nothing is. */
  reload(callback: SessionCallback): this;
  reload(): Promise<void>;
  /** Ends the session now, and its cookie with the answer. `req.session` is empty then, and stores nothing more. */
  destroy(callback: SessionCallback): this;
  destroy(): Promise<void>;
  /** Nothing is to be done: every request moves the idle deadline by itself, when `touchThrottle` says so. */
  touch(): this;
  /** As `touch`. */
  resetMaxAge(): this;
}

type Callback = SessionCallback | undefined;

/** The members themselves, for kinds that have others beside them. */
export const expressMembers: object & ThisType<object> = {
  get id(): string {
    return publicId(this);
  },
  get cookie(): ExpressCookie {
    return cookieOf(this);
  },
  regenerate(callback: Callback): unknown {
    const begun = marked(callback, () => startOver(this));
    return settle(this, callback, begun);
  },
  save(callback: Callback): unknown {
    return settle(this, callback, kept(later(() => saveNow(this))));
  },
  reload(callback: Callback): unknown {
    return settle(
      this,
      callback,
      later(() => reloadSession(this)),
    );
  },
  destroy(callback: Callback): unknown {
    const ended = marked(callback, () => destroy(this));
    return settle(this, callback, kept(ended.then(() => saveNow(this))));
  },
  touch(): unknown {
    return this;
  },
  resetMaxAge(): unknown {
    return this;
  },
};

/** The kind of session objects that have these members. */
export const expressKind: SessionKind = sessionKind(expressMembers);

/** Answers the session and calls back later; without a callback, answers what is to be waited for. */
export function settle<S extends object>(
  session: S,
  callback: Callback,
  done: Promise<void>,
): S | Promise<void> {
  if (typeof callback !== "function") return done;
  // Outside of the promise: what a callback throws is not ours to catch, and reaches the process.
  done.then(
    () => queueMicrotask(() => callback()),
    (error: unknown) => queueMicrotask(() => callback(error)),
  );
  return session;
}

/** Without a callback, what a verb refuses is thrown at once, where the framework sees it though nobody waits. */
export function marked(callback: Callback, verb: () => unknown): Promise<void> {
  if (typeof callback === "function") return later(verb);
  verb();
  return Promise.resolve();
}

/** Without a listener a failure would end the process; and the commit before the answer meets it again. */
export function kept(done: Promise<void>): Promise<void> {
  done.catch(() => {});
  return done;
}

/** Begins at once; what fails then rejects, too. */
export async function later(work: () => unknown): Promise<void> {
  await work();
}
