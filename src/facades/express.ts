import { saveHeard, saveNow } from "../core/commit.ts";
import type { AnySession } from "../core/register.ts";
import { type SessionKind, sessionKind } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { logout } from "../core/verbs.ts";
import { perform, type SessionCallback } from "./callback.ts";
import { cookieOf, type ExpressCookie } from "./cookie.ts";
import { publicId, reloadSession } from "./regenerate.ts";

export type { SessionCallback } from "./callback.ts";
export type { ExpressCookie } from "./cookie.ts";

/**
 * The methods of express-session on `req.session`. Data with the same name hides them. With a
 * callback they return undefined, unlike those of express-session, because NestJS and others send what a handler
 * returns. Without one they return a promise, and throw at once if the session cannot be changed.
 * You do not have to wait for `save` and `destroy`: a failed save is repeated before the response is sent, and a
 * second failure is the answer. A save whose callback takes the error is not repeated: what it could not store is not
 * stored later, unless you call `save` again.
 */
export interface ExpressSessionMembers {
  /** The public name of the session. It changes with the rights of the session, and gives no access. */
  readonly id: string;
  readonly cookie: ExpressCookie;
  /** Replaces `req.session` with a new, empty session. The old id is invalid when the response is sent. */
  regenerate(callback: SessionCallback): void;
  regenerate(): Promise<void>;
  /** Saves the changes so far, as the verb `save` does. */
  save(callback: SessionCallback): void;
  save(): Promise<void>;
  /** Reads the session from the store again. Unsaved changes are lost. Fails if it is not stored. */
  reload(callback: SessionCallback): void;
  reload(): Promise<void>;
  /** Ends the session now. The response removes the cookie. `req.session` is empty then, and stores nothing. */
  destroy(callback: SessionCallback): void;
  destroy(): Promise<void>;
  /** Has no effect: every request moves the idle deadline, as often as `touchThrottle` says. */
  touch(): this;
  /** The same as `touch`. */
  resetMaxAge(): this;
}

type Callback = SessionCallback | undefined;

/** The members, for session objects that have others too. */
export const expressMembers: object & ThisType<AnySession> = {
  get id(): string {
    return publicId(this);
  },
  get cookie(): ExpressCookie {
    return cookieOf(this);
  },
  regenerate(callback: Callback): unknown {
    return perform(callback, { verb: () => startOver(this) });
  },
  save(callback: Callback): unknown {
    return perform(callback, {
      work: () => saveNow(this),
      heard: () => saveHeard(this),
      isMetAgain: true,
    });
  },
  reload(callback: Callback): unknown {
    return perform(callback, { work: () => reloadSession(this) });
  },
  destroy(callback: Callback): unknown {
    return perform(callback, {
      verb: () => logout(this),
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

/** The class of session objects with these members. */
export const expressKind: SessionKind = sessionKind(expressMembers);
