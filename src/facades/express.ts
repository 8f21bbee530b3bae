import { saveNow } from "../core/commit.ts";
import { type SessionKind, sessionKind } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { destroy } from "../core/verbs.ts";
import { perform, type SessionCallback } from "./callback.ts";
import { cookieOf, type ExpressCookie } from "./cookie.ts";
import { publicId, reloadSession } from "./regenerate.ts";

export type { SessionCallback } from "./callback.ts";
export type { ExpressCookie } from "./cookie.ts";

/**
 * What users of express-session find on `req.session` besides its data; data of the same name hides it. Each method
 * calls back and returns the session. Without a callback it returns a promise, and throws at once what the verb
 * refuses. You do not have to wait for `save` and `destroy`: what the store fails to do is tried again before the
 * response leaves, and a second failure is the answer.
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
  /** Does nothing: every request moves the idle deadline by itself, as often as `touchThrottle` says. */
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
    return perform(this, callback, { verb: () => startOver(this) });
  },
  save(callback: Callback): unknown {
    return perform(this, callback, { work: () => saveNow(this), isMetAgain: true });
  },
  reload(callback: Callback): unknown {
    return perform(this, callback, { work: () => reloadSession(this) });
  },
  destroy(callback: Callback): unknown {
    return perform(this, callback, {
      verb: () => destroy(this),
      work: () => saveNow(this),
      isMetAgain: true,
    });
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
