import type { Awaitable } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { commitLive } from "./commit.ts";
import { call } from "./engine.ts";
import { isExpired } from "./expiry.ts";
import { reload, revert } from "./fill.ts";
import { acquire } from "./lock.ts";
import { type Live, writableOf } from "./session.ts";

/**
 * Runs `fn` while no other request uses this session exclusively, in any process. The session is saved and read anew
 * before `fn` runs, and saved after it; if `fn` throws, what it changed is dropped. Answers what `fn` answers.
 *
 * Requests that do not ask for exclusive use go on as ever; only `exclusive` ones take turns. If this process stops
 * for longer than `lockTtl`, another may go on, and what this one writes later is refused.
 * Throws StateError: `lock_timeout` after `wait` seconds (default `lockWait`), `lock_lost`, `ended`.
 */
export async function exclusive<R>(
  session: object,
  fn: () => Awaitable<R>,
  options: { wait?: number } = {},
): Promise<R> {
  const live = writableOf(session, "exclusive");
  if (live.lease !== undefined) return fn();
  await commitLive(live);
  // Nobody else can hold a session that is not stored yet.
  if (live.record === undefined && live.state === "open") return fn();
  const lease =
    live.state === "open"
      ? await acquire(live.engine, live.handle, options.wait ?? live.engine.options.lockWait)
      : undefined;
  if (lease === undefined) throw over(live);
  try {
    const record = await call(live.engine, "read", () => live.engine.backend.read(live.handle));
    if (record === undefined || isExpired(record) || record.epoch !== live.record!.epoch) {
      throw over(live);
    }
    await reload(live, record);
    live.lease = lease;
    live.partly = true;
    try {
      const result = await fn();
      await commitLive(live);
      return result;
    } catch (error) {
      await revert(live);
      throw error;
    }
  } finally {
    live.lease = undefined;
    live.partly = false;
    await lease.release();
  }
}

/** No cookie that was due before either: it stands for nothing now. */
function over(live: Live): StateError {
  if (live.state === "open") {
    live.state = "ended";
    live.cookie = undefined;
  }
  return new StateError(
    "ended",
    "The session is over, so nothing was run. Answer as to somebody who is not signed in.",
  );
}
