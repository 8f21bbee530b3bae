import type { Awaitable } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { type Changed, type ChangeValue, changeStored, conflict } from "./change.ts";
import { decoded, encode, encodeValue, setKey } from "./codec.ts";
import { lost } from "./end.ts";
import { publish } from "./events.ts";
import { standInLine } from "./line.ts";
import type { Engine, Live, Stored } from "./live.ts";
import type { AnySession } from "./register.ts";
import { replacing } from "./replaced.ts";
import { aboutOf, startsOver, writableOf } from "./session.ts";
import { prolonged, see } from "./state.ts";
import { isHandle } from "./token.ts";

/**
 * Changes one key atomically, at once and not at the end of the request: of 200 concurrent increments, from any number
 * of processes, 200 count. `fn` gets the stored value (undefined if there is none) and returns the new one (undefined
 * removes the key); it may run more than once. Returns the new value, which the session then has too.
 *
 * A session that is not stored yet belongs to this request alone, so it is changed in place.
 * Throws StateError `ended` if the session is over, `conflict` if others kept changing it until `backendTimeout`,
 * `lock_lost` if exclusive use of it is over; DataError and BackendError as `save` does.
 *
 * @example
 * const visits = await update(session, "visits", (visits = 0) => visits + 1);
 */
export async function update<S extends AnySession, K extends keyof S & string, R extends S[K]>(
  session: S,
  key: K,
  fn: (value: S[K]) => Awaitable<R>,
): Promise<R> {
  const live = writableOf(session, "update");
  await committed(live);
  if (live.phase.is === "ended" || live.intent.is === "logout") throw over();
  const { turns, options, environment } = live.engine;
  const stored = (): Stored | undefined =>
    live.phase.is === "stored" && !startsOver(live.intent) ? live.phase : undefined;
  // In turn within this process, so that only other processes can be in the way.
  const line = stored()?.handle ?? live;
  const leave = await standInLine(environment, turns, line, options.backendTimeout, () => conflict(key));
  try {
    const phase = stored();
    if (phase !== undefined) return (await changed(live, phase, key, fn as ChangeValue)) as R;
    const value = await fn(session[key]);
    encodeValue(key, value);
    setKey(session, key, value);
    return value;
  } finally {
    leave();
  }
}

/**
 * Changes one key of a stored session from outside, as an operator: atomic as `update`, for any epoch, and without moving
 * its deadlines. Returns the new value. Throws StateError `ended` if there is no such session, and as `update` does.
 */
export async function updateListed(
  engine: Engine,
  handle: string,
  key: string,
  fn: ChangeValue,
): Promise<unknown> {
  if (!isHandle(handle)) throw over();
  const { turns, options, environment } = engine;
  const leave = await standInLine(environment, turns, handle, options.backendTimeout, () => conflict(key));
  try {
    const answer = await changeStored({ engine, handle, request: undefined }, key, fn);
    if (typeof answer === "string") throw over();
    if (answer.text !== answer.read.data)
      publish(engine, "changed", { ...aboutOf(handle, answer.read), key });
    return answer.value;
  } finally {
    leave();
  }
}

async function changed(
  live: Live,
  { handle, record }: Stored,
  key: string,
  fn: ChangeValue,
): Promise<unknown> {
  const request = { record, lease: live.turn.held?.lease };
  const answer = await changeStored({ engine: live.engine, handle, request }, key, fn);
  if (typeof answer !== "string") return adopt(live, key, answer);
  lost(live, answer);
  throw over();
}

/** Waits until no commit of the session is under way: what it has stored is known only then. */
async function committed({ turn }: Live): Promise<void> {
  while (turn.busy !== undefined) await turn.busy;
}

/** Takes the stored value into the session, leaving what the request has changed elsewhere as it is. */
async function adopt(live: Live, key: string, { read, value, text, version }: Changed): Promise<unknown> {
  await committed(live);
  // What was stored has moved the deadline.
  if (text !== read.data) prolonged(live);
  replacing(live, [key]);
  setKey(live.data, key, value);
  see(live, (seen) => {
    if (seen.version === read.version) return { text, version, as: text === "{}" ? "drained" : "data" };
    const known = decoded(seen.text);
    setKey(known, key, value);
    const now = encode(known);
    // What the store has is known as a whole again if that is nothing.
    if (text === "{}" && now === "{}") return { text, version, as: "drained" };
    return { text: now, version: undefined, as: seen.as === "hidden" ? "hidden" : "data" };
  });
  return value;
}

function over(): StateError {
  return new StateError(
    "ended",
    "The session has ended, so it cannot be changed. Treat the request as signed out.",
  );
}
