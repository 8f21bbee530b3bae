import type { Awaitable } from "../backends/backend.ts";
import { SessionError, StateError } from "../errors.ts";
import { call, chain, ifPossible, patch } from "./call.ts";
import { encode } from "./codec.ts";
import { headText, remember } from "./head.ts";
import { endAll, endExcess, type Place, placesOf, tooSlow } from "./limit-places.ts";
import { exclusively } from "./limit-turn.ts";
import type { Engine, Intent, Live, Stored } from "./live.ts";
import { storedUser } from "./realm.ts";
import { nobodySignedIn } from "./renew.ts";
import { beginsAnother } from "./session.ts";
import { ask, ended, owe, renewed, saveRefused } from "./state.ts";
import { takeBack } from "./take-back.ts";

/*
 * At most n sessions of a user. Each sign-in is stored first, as pending, and then ends those that are too many: the ones that have
 * fewer than n after them in an order that all processes agree on. So whoever looks last leaves exactly n, whatever the others did
 * meanwhile. Then it is stored as counted, unless somebody has ended it. What a process had sent before it died, and the store
 * carries out at any later time, is no more than a pending sign-in that never counts, or a counted one that others have seen pending.
 */

const NOTHING: Intent = { is: "none" };

/** A sign-in that is about to be stored. */
type SignIn = Extract<Intent, { is: "login" }>;

/**
 * Stores a sign-in, and keeps to the option `perUser`. Throws StateError `limit` if there are too many and none may end; BackendError
 * if the store fails at it: then nobody is signed in.
 */
export function storeWithin(
  live: Live,
  intent: SignIn,
  store: (intent: SignIn) => Awaitable<void>,
): Awaitable<void> {
  const { engine } = live;
  const { perUser = Number.POSITIVE_INFINITY, onLimit } = engine.options;
  const most = typeof perUser === "function" ? checked(perUser(intent.userId)) : perUser;
  if (most === Number.POSITIVE_INFINITY) return store(intent);
  const user = storedUser(engine.options.realm, intent.userId);
  const pending: SignIn = { ...intent, pending: true };
  if (live.intent === intent) ask(live, pending);
  if (onLimit === "refuse") return storeIfFree(live, intent, { user, most }, () => store(pending));
  return chain(store(pending), () => {
    if (signedInAs(live, user) === undefined) return;
    const trim = (): Awaitable<void> =>
      onLimit === "end-oldest"
        ? endExcess(engine, user, most)
        : exclusively(engine, user, (turn) => endExcess(engine, user, most, turn));
    // One that others have ended meanwhile was signed in before them.
    return unlessFailed(live, () => chain(trim(), () => chain(count(live), () => {})));
  });
}

/** From now on the sign-in counts. Returns false if it has ended. */
function count(live: Live): Awaitable<boolean> {
  const phase = live.phase as Stored;
  const { record, seen } = phase;
  const head = remember(phase.head, { pending: undefined });
  const renewal = { rotation: undefined, head, onlyVersion: undefined };
  return chain(patch(live, phase, seen.text, NOTHING, renewal), (result) => {
    if (result !== "ok" && result !== "merged") return false;
    renewed(live, { ...record, head: headText(head), version: record.version + 1 }, head);
    return true;
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
    const before = await countedOf(engine, user);
    if (before.filter(({ handle }) => handle !== kept).length >= most) {
      // A handler that answers this itself must find nobody signed in, in the data either.
      saveRefused(live, encode(live.data));
      takeBack(live);
      throw refusal(most);
    }
    await store();
    const own = signedInAs(live, user);
    if (own === undefined) return;
    await unlessFailed(live, async () => {
      // Another sign-in was first in the session that this one came with. So this one began another, beside which that one counts.
      if (own !== kept && before.length >= most) throw refusal(most);
      // Others may have had their turn. Whoever has one from now on ends what is pending, or finds it counted.
      if (!(await turn.isStillOurs())) throw tooSlow();
      if (!(await count(live))) throw nobodySignedIn(live);
    });
  });
}

/** In a turn: returns the sessions of the user that count, and ends what others left pending, who have had their turn. */
async function countedOf(engine: Engine, user: string): Promise<readonly Place[]> {
  for (;;) {
    const places = await placesOf(engine, user);
    const pending = places.filter(({ is }) => is !== "counted");
    // One that could not be ended as it was seen has been counted meanwhile.
    if (await endAll(engine, pending, undefined)) return places.filter(({ is }) => is === "counted");
  }
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
