import { type SessionKind, sessionKind } from "../core/session.ts";
import { commit, info } from "../core/verbs.ts";
import { maxAgeOf, setMaxAge } from "./cookie.ts";
import { type ExpressSessionMembers, expressMembers } from "./express.ts";

/**
 * What users of koa-session find on `ctx.session` besides its data, and, for koa-passport, what express-session has;
 * data of the same name hides it.
 */
export interface KoaSessionMembers extends ExpressSessionMembers {
  /** Whether nothing is stored of it. */
  readonly isNew: boolean;
  /** How many keys it has. */
  readonly length: number;
  /** Whether it has any. */
  readonly populated: boolean;
  /**
   * How long it lives without a request, in milliseconds; "session" if it ends with the browser. As `cookie.maxAge`.
   */
  get maxAge(): number | "session";
  set maxAge(milliseconds: number | "session" | null | undefined);
  /** Saves now what has changed until now, as `commit` does. */
  manuallyCommit(): Promise<void>;
}

const members: ThisType<object> = {
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
    const done = commit(this);
    // Nobody has to wait for it: the commit before the response meets a failure again.
    done.catch(() => {});
    return done;
  },
};

/** The kind of session objects that have these members. */
export const koaKind: SessionKind = sessionKind(
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(expressMembers),
      ...Object.getOwnPropertyDescriptors(members),
    },
  ),
);
