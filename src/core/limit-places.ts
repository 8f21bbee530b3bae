import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { sleep } from "../environment.ts";
import { StateError } from "../errors.ts";
import { call, chain } from "./call.ts";
import { publish } from "./events.ts";
import { type Head, headIn, recall, timesOf } from "./head.ts";
import type { Turn } from "./limit-turn.ts";
import type { Engine } from "./live.ts";
import { plainUser } from "./realm.ts";
import type { ResolvedOptions } from "./resolved-options.ts";

/*
 * Where the sessions of a user stand among each other, and the end of those that are too many.
 */

const ATTEMPTS = 100;

/** Seconds after which a sign-in that is still pending is that of a process that died. If it is not, it is ended all the same. */
const PENDING = 60;

/** A session of the user, and where it stands among the others. */
export interface Place {
  readonly handle: string;
  readonly record: SessionRecord;
  readonly order: readonly [at: number, nth: number];
  /** `pending`: its sign-in has not counted yet. `left`: nor will it, because its process died. */
  readonly is: "counted" | "pending" | "left";
}

/** Returns the user's sessions, those first that are to end first. */
export function placesOf(
  engine: Engine,
  user: string,
  onLimit: ResolvedOptions["onLimit"] = "end-oldest",
): Awaitable<Place[]> {
  return chain(call(engine, "listByUser", user), (found) => {
    const places: Place[] = [];
    for (const { handle, record } of found) {
      const head = record.userId === user ? headIn(record.head) : undefined;
      // One that cannot be read opens nothing.
      if (head === undefined) continue;
      places.push({ handle, record, order: orderOf(record, head, onLimit), is: stateOf(record, head) });
    }
    return places.sort(
      (one, other) =>
        one.order[0] - other.order[0] ||
        one.order[1] - other.order[1] ||
        (one.handle < other.handle ? -1 : 1),
    );
  });
}

function orderOf(record: SessionRecord, head: Head, onLimit: ResolvedOptions["onLimit"]): Place["order"] {
  const { signedInAt = 0 } = timesOf(record, head);
  const { nth = 0 } = recall(head);
  const at =
    onLimit === "end-idlest" ? Math.max(signedInAt, record.expiresAt - head.idleTimeout) : signedInAt;
  return [at, typeof nth === "number" ? nth : 0];
}

function stateOf(record: SessionRecord, head: Head): Place["is"] {
  if (recall(head).pending === undefined) return "counted";
  const { signedInAt = 0 } = timesOf(record, head);
  return record.now - signedInAt < PENDING ? "pending" : "left";
}

/** Ends what is too many. A session that somebody writes to meanwhile may have been signed in to, so it is looked at again. */
export function endExcess(
  engine: Engine,
  user: string,
  most: number,
  turn?: Turn,
  attempt = 1,
): Awaitable<void> {
  return chain(placesOf(engine, user, engine.options.onLimit), (places) => {
    const left = places.filter(({ is }) => is === "left");
    const others = left.length === 0 ? places : places.filter(({ is }) => is !== "left");
    const over = [...left, ...others.slice(0, Math.max(0, others.length - most))];
    if (over.length === 0) return;
    if (attempt > ATTEMPTS)
      throw new StateError("conflict", "Other requests kept changing the user's sessions. Sign in again.");
    const again = (isDone: boolean): Awaitable<void> => {
      if (isDone) return;
      if (attempt < 3) return endExcess(engine, user, most, turn, attempt + 1);
      const pause = sleep(
        engine.environment,
        (engine.environment.random() * Math.min(2 ** attempt, 32)) / 1000,
      );
      return pause.then(() => endExcess(engine, user, most, turn, attempt + 1));
    };
    return chain(endAll(engine, over, turn), again);
  });
}

/** Returns false if one of them was not as it was seen. Those that can be ended are. */
export function endAll(engine: Engine, over: readonly Place[], turn: Turn | undefined): Awaitable<boolean> {
  if (turn !== undefined) return endInTurn(engine, over, turn);
  const ending = over.map((place) => endOne(engine, place));
  return ending.some((each) => each instanceof Promise)
    ? Promise.all(ending).then((each) => each.every(Boolean))
    : (ending as boolean[]).every(Boolean);
}

/** In an order that may change, only one process at a time may end any. */
async function endInTurn(engine: Engine, over: readonly Place[], turn: Turn): Promise<boolean> {
  for (const place of over) {
    // A lock that was renewed just now can be nobody else's until this is done.
    if (!(await turn.isStillOurs())) throw tooSlow();
    if (!(await endOne(engine, place))) return false;
  }
  return true;
}

/** The error of a sign-in that has lost its turn. */
export function tooSlow(): StateError {
  const message = "Signing in took longer than the lock of the user's sessions. Sign in again.";
  return new StateError("conflict", message);
}

function endOne(engine: Engine, { handle, record }: Place): Awaitable<boolean> {
  return chain(call(engine, "delete", handle, record.version, "limit"), (isEnded) => {
    const userId = plainUser(record.userId);
    if (isEnded) publish(engine, "revoked", { handle, userId, reason: "limit", all: false });
    return isEnded;
  });
}
