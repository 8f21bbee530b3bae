import { info } from "../core/info.ts";
import type { AnySession } from "../core/register.ts";
import { type SessionKind, sessionKind } from "../core/session.ts";
import { save } from "../core/verbs.ts";
import { maxAgeOf, setMaxAge } from "./cookie.ts";
import { type ExpressSessionMembers, expressMembers } from "./express.ts";

/**
 * The members of koa-session on `ctx.session`, and those of express-session, which koa-passport calls. Data with the
 * same name hides them.
 */
export interface KoaSessionMembers extends ExpressSessionMembers {
  /** Whether the session is not stored. */
  readonly isNew: boolean;
  /** The number of keys. */
  readonly length: number;
  /** Whether it has any key. */
  readonly populated: boolean;
  /**
   * How long the session lives without a request, in milliseconds; "session" if it ends with the browser. Setting it
   * has the effect of `cookie.maxAge`.
   */
  get maxAge(): number | "session";
  set maxAge(milliseconds: number | "session" | null | undefined);
  /** Saves the changes so far, as the verb `save` does. */
  manuallyCommit(): Promise<void>;
}

const members: ThisType<AnySession> = {
  get isNew(): boolean {
    return !info(this).stored;
  },
  get length(): number {
    return Object.keys(this).length;
  },
  get populated(): boolean {
    return Object.keys(this).length > 0;
  },
  get maxAge(): number | "session" {
    return maxAgeOf(this).whole ?? "session";
  },
  set maxAge(milliseconds: number | "session" | null | undefined) {
    setMaxAge(this, milliseconds === "session" ? null : milliseconds);
  },
  manuallyCommit(): Promise<void> {
    const done = save(this);
    // Nobody has to wait for it: the commit before the response meets a failure again.
    done.catch(() => {});
    return done;
  },
};

/** The class of session objects with these members. */
export const koaKind: SessionKind = sessionKind(
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(expressMembers),
      ...Object.getOwnPropertyDescriptors(members),
    },
  ),
);
