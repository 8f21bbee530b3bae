import { hash } from "node:crypto";
import type { Awaitable } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { call } from "./call.ts";
import { headText } from "./head.ts";
import type { Engine } from "./live.ts";
import { acquire } from "./lock.ts";
import { createToken } from "./token.ts";

/*
 * One sign-in of a user at a time, in all processes: a record that is no session has the lock. It belongs to nobody and to no
 * realm, no token opens it, and it is kept while it is in use.
 */

const PREFIX = "limit-";

/** Seconds for which it outlives its last use, and after which it is made anew. */
const IDLE = 3600;
const ABSOLUTE = 30 * 86_400;

/** No realm has a space. */
const HEAD = headText({
  idleTimeout: IDLE,
  absoluteTimeout: ABSOLUTE,
  persistent: false,
  more: ',"realm":" "',
});

const ATTEMPTS = 5;

/** Returns true for the handle of a record that only has such a lock. */
export function isTurn(handle: string): boolean {
  return handle.startsWith(PREFIX);
}

/** A turn that was taken. */
export interface Turn {
  /** Returns true if nobody else can have had a turn since; then it is ours for `lock.ttl` more. */
  isStillOurs(): Promise<boolean>;
}

/** Runs `work` alone among all that do the same for this user. Throws StateError `lock_timeout`, `conflict`. */
export async function exclusively(
  engine: Engine,
  user: string,
  work: (turn: Turn) => Awaitable<void>,
): Promise<void> {
  const { options } = engine;
  // Two users may share one: then they take turns.
  const handle = PREFIX + hash("sha256", user, "base64url").slice(0, 10);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lease = await acquire(engine, handle, options.lock.wait);
    if (lease === undefined) {
      const { secretHash } = createToken(options.realm);
      const record = { data: "{}", secretHash, userId: null, head: HEAD };
      await call(engine, "create", handle, { ...record, idleTimeout: IDLE, absoluteTimeout: ABSOLUTE });
      continue;
    }
    try {
      await call(engine, "touch", handle, IDLE);
      await work({
        isStillOurs: async () => call(engine, "relock", handle, lease.fence, options.lock.ttl),
      });
      return;
    } finally {
      await lease.release();
    }
  }
  throw new StateError("conflict", "The store keeps losing the lock of the user's sessions. Sign in again.");
}
