import type { Awaitable } from "../backends/backend.ts";
import { type Duration, secondsOf } from "../duration.ts";
import { StateError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { commit, saveNow } from "./commit.ts";
import type { Lease } from "./lease.ts";
import type { Live, Stored } from "./live.ts";
import { acquire } from "./lock.ts";
import { readAgain } from "./read-again.ts";
import type { AnySession } from "./register.ts";
import { replacing } from "./replaced.ts";
import { revert } from "./revert.ts";
import { writableOf } from "./session.ts";
import { ended, held, readAnew, released } from "./state.ts";

/**
 * Runs `fn` while no other request uses this session exclusively, in any process. The session is saved and read anew
 * before `fn` runs, and saved after it; if `fn` throws, what it changed is dropped. Returns what `fn` returns.
 *
 * Requests that do not ask for exclusive use go on as ever; only `exclusive` ones take turns. If this process stops
 * for longer than `lock.ttl`, another may go on, and what this one writes later is refused.
 * Throws StateError: `lock_timeout` after `wait` (default `lock.wait`), `lock_lost`, `ended` also if the session ended while
 * `fn` ran and what that changed is lost; `stale_edit` if something was changed through a reference that was taken from the
 * session before.
 *
 * @example
 * await exclusive(session, async () => {
 *   await pay(session.cart ?? []); // nobody else pays for this cart meanwhile
 *   session.cart = [];
 * });
 */
export async function exclusive<R>(
  session: AnySession,
  fn: () => Awaitable<R>,
  options: { wait?: Duration | undefined } = {},
): Promise<R> {
  refuseUnknown(options, ["wait"]);
  const live = writableOf(session, "exclusive");
  const wait = secondsOf("wait", options.wait, live.engine.options.lock.wait, 0, "wait");
  if (live.turn.held !== undefined) return fn();
  await commit(live);
  const { engine, phase } = live;
  // Nobody else can hold a session that is not stored yet.
  if (phase.is === "new") return fn();
  if (phase.is !== "stored") throw over(live);
  const lease = await acquire(engine, phase.handle, wait);
  if (lease === undefined) throw over(live);
  try {
    return await alone(live, phase, lease, fn);
  } finally {
    released(live);
    await lease.release();
  }
}

async function alone<R>(live: Live, phase: Stored, lease: Lease, fn: () => Awaitable<R>): Promise<R> {
  const record = await readAgain(live, phase);
  if (typeof record === "string") throw over(live, record === "stale");
  replacing(live, Object.keys(live.data));
  readAnew(live, record);
  await revert(live);
  held(live, lease, "part");
  try {
    const result = await fn();
    // Whoever asks is told: what `fn` wrote is lost if the session has ended meanwhile.
    await saveNow(live.data);
    return result;
  } catch (error) {
    await revert(live);
    throw error;
  }
}

/** No cookie that was due before either: it opens nothing now. */
function over(live: Live, lives = false): StateError {
  if (live.phase.is !== "ended") ended(live, lives);
  return new StateError(
    "ended",
    "The session has ended, so the function was not run. Treat the request as signed out.",
  );
}
