import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { sleep } from "../environment.ts";
import { SessionError, StateError } from "../errors.ts";
import { call, chain, ifPossible } from "./call.ts";
import { encode } from "./codec.ts";
import { publish } from "./events.ts";
import { type Head, headIn, recall, timesOf } from "./head.ts";
import { exclusively, type Turn } from "./limit-turn.ts";
import type { Engine, Intent, Live } from "./live.ts";
import { plainUser, storedUser } from "./realm.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { beginsAnother } from "./session.ts";
import { ended, owe, saveRefused } from "./state.ts";
import { takeBack } from "./take-back.ts";

/*
 * At most n sessions of a user. Each sign-in is stored first, and then ends those that are too many: the ones that have fewer
 * than n after them in an order that all processes agree on. So whoever looks last leaves exactly n, whatever the others did
 * meanwhile, and if one of them died, the next sign-in does its work.
 */

const ATTEMPTS = 100;

/** A sign-in that is about to be stored. */
type SignIn = Extract<Intent, { is: "login" }>;

/**
 * Stores a sign-in, and keeps to the option `perUser`. Throws StateError `limit` if there are too many and none may end; BackendError
 * if the store fails at it: then nobody is signed in.
 */
export function storeWithin(live: Live, intent: SignIn, store: () => Awaitable<void>): Awaitable<void> {
  const { engine } = live;
  const { perUser = Number.POSITIVE_INFINITY, onLimit } = engine.options;
  const most = typeof perUser === "function" ? checked(perUser(intent.userId)) : perUser;
  if (most === Number.POSITIVE_INFINITY) return store();
  const user = storedUser(engine.options.realm, intent.userId);
  if (onLimit === "refuse") return storeIfFree(live, intent, { user, most }, store);
  return chain(store(), () => {
    if (signedInAs(live, user) === undefined) return;
    const trim = (): Awaitable<void> =>
      onLimit === "end-oldest"
        ? endExcess(engine, user, most)
        : exclusively(engine, user, (turn) => endExcess(engine, user, most, turn));
    return unlessFailed(live, trim);
  });
}

/** Returns the number, checked. The function is the application's, so a wrong number is no option that is wrong at start. */
function checked(most: unknown): number {
  if (isLimit(most)) return most;
  throw new TypeError(
    `perUser: the function must return a whole number from 1 on, or Infinity; it returned ${String(most)}.`,
  );
}

/** Returns true for what the option `perUser` takes as a number. */
export function isLimit(most: unknown): most is number {
  return most === Number.POSITIVE_INFINITY || (Number.isInteger(most) && (most as number) >= 1);
}

interface Limit {
  readonly user: string;
  readonly most: number;
}

/** One sign-in of the user after the other, in all processes: counts, and stores only if there is room. */
async function storeIfFree(
  live: Live,
  intent: SignIn,
  { user, most }: Limit,
  store: () => Awaitable<void>,
): Promise<void> {
  const { engine, phase } = live;
  const kept = phase.is === "stored" && !beginsAnother(phase, intent) ? phase.handle : undefined;
  await exclusively(engine, user, async (turn) => {
    const before = await standingsOf(engine, user);
    if (before.filter(({ handle }) => handle !== kept).length >= most) {
      // A handler that answers this itself must find nobody signed in, in the data either.
      saveRefused(live, encode(live.data));
      takeBack(live);
      throw refusal(most);
    }
    await store();
    const own = signedInAs(live, user);
    if (own === undefined || (await turn.isStillOurs())) return;
    // It took so long that others may have had their turn. What is stored is seen by whoever counts from now on.
    await unlessFailed(live, () =>
      exclusively(engine, user, async () => {
        const after = await standingsOf(engine, user);
        if (after.length > most) throw refusal(most);
      }),
    );
  });
}

function refusal(most: number): StateError {
  return new StateError(
    "limit",
    `The user has ${most} ${most === 1 ? "session" : "sessions"} already, which is the most that perUser allows. Nothing was changed; end one of them and sign in again.`,
  );
}

/** Returns the handle of the session if it is stored as this user's. */
function signedInAs({ phase }: Live, user: string): string | undefined {
  return phase.is === "stored" && phase.record.userId === user ? phase.handle : undefined;
}

/** Ends the session that was just stored if this fails, and sends no cookie for it. */
function unlessFailed(live: Live, work: () => Awaitable<void>): Awaitable<void> {
  const undo = (error: unknown): Awaitable<never> => {
    const { phase, engine } = live;
    const fail = (): never => {
      throw error;
    };
    if (!(error instanceof SessionError) || phase.is !== "stored") return fail();
    ended(live);
    owe(live, undefined);
    return chain(
      ifPossible(() => chain(call(engine, "delete", phase.handle, undefined, "limit"), () => {})),
      fail,
    );
  };
  try {
    const done = work();
    return done instanceof Promise ? done.catch(undo) : done;
  } catch (error) {
    return undo(error);
  }
}

/** A session of the user, and where it stands among the others. */
interface Place {
  readonly handle: string;
  readonly record: SessionRecord;
  readonly order: readonly [at: number, nth: number];
}

/** Returns the user's live sessions, those first that are to end first. */
function standingsOf(
  engine: Engine,
  user: string,
  onLimit: ResolvedOptions["onLimit"] = "end-oldest",
): Awaitable<Place[]> {
  return chain(call(engine, "listByUser", user), (found) => {
    const places: Place[] = [];
    for (const { handle, record } of found) {
      const head = record.userId === user ? headIn(record.head) : undefined;
      // One that cannot be read opens nothing.
      if (head !== undefined) places.push({ handle, record, order: orderOf(record, head, onLimit) });
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

/** Ends what is too many. A session that somebody writes to meanwhile may have been signed in to, so it is looked at again. */
function endExcess(engine: Engine, user: string, most: number, turn?: Turn, attempt = 1): Awaitable<void> {
  return chain(standingsOf(engine, user, engine.options.onLimit), (places) => {
    const over = places.slice(0, Math.max(0, places.length - most));
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
function endAll(engine: Engine, over: readonly Place[], turn: Turn | undefined): Awaitable<boolean> {
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
    if (!(await turn.isStillOurs())) {
      throw new StateError(
        "conflict",
        "Signing in took longer than the lock of the user's sessions. Sign in again.",
      );
    }
    if (!(await endOne(engine, place))) return false;
  }
  return true;
}

function endOne(engine: Engine, { handle, record }: Place): Awaitable<boolean> {
  return chain(call(engine, "delete", handle, record.version, "limit"), (isEnded) => {
    const userId = plainUser(record.userId);
    if (isEnded) publish(engine, "revoked", { handle, userId, reason: "limit", all: false });
    return isEnded;
  });
}
