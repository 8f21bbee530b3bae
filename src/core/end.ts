import type { Awaitable, PatchResult, SessionRecord } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { call, chain } from "./call.ts";
import { publish, type SessionEvents } from "./events.ts";
import type { Engine, Intent, Live, Stored } from "./live.ts";
import { opens } from "./load.ts";
import { readAgain } from "./read-again.ts";
import { aboutOf, eventOf, startsOver } from "./session.ts";
import { removalCookie } from "./set-cookie.ts";
import { brought, ended, letGo, owe } from "./state.ts";
import { handleOf } from "./token.ts";

/*
 * The steps of a commit that end a session, and what follows when the store refuses one.
 */

const END_ATTEMPTS = 100;

/** Ends the session, whatever anyone else is doing with it. */
export function end(live: Live): Awaitable<void> {
  return chain(endOthers(live), () => {
    const { phase } = live;
    const stored = phase.is === "ended" ? phase.of : phase;
    if (stored.is === "stored")
      return chain(call(live.engine, "delete", stored.handle), (deleted) => gone(live, deleted));
    if (phase.is === "new" && phase.unproven !== undefined) return endUnproven(live, phase.unproven);
    const damaged = phase.is === "new" ? phase.damaged : undefined;
    return chain(damaged === undefined ? false : call(live.engine, "delete", damaged), () => {
      over(live);
      if (phase.is !== "new") return;
      // A cookie that opens nothing is removed too, unless that could remove a newer one.
      const owes = phase.presented || live.outbox.farewells.length > 0;
      if (owes && !phase.superseded) owe(live, removal(live));
    });
  });
}

/**
 * Ends the session of a cookie that came without the proof of its device. To be logged out needs no proof, and whoever signs
 * in anew leaves no session behind.
 */
function endUnproven(live: Live, { handle, record }: Pick<Stored, "handle" | "record">): Awaitable<void> {
  return chain(endLeftBehind(live.engine, handle, record, "logout"), () => {
    over(live);
    owe(live, removal(live));
  });
}

/** Deletes a record that nobody is to use any more. */
export function endLeftBehind(
  engine: Engine,
  handle: string,
  record: SessionRecord,
  reason: SessionEvents["logged_out"]["reason"],
): Awaitable<void> {
  return chain(call(engine, "delete", handle), (deleted) => {
    if (deleted) publish(engine, "logged_out", { ...aboutOf(handle, record), reason });
  });
}

/** Ends a session whose last key was removed; if somebody else has written to it in the meantime, does the other. */
export function endUnlessChanged(
  live: Live,
  { handle, seen }: Stored,
  otherwise: () => Awaitable<void>,
): Awaitable<void> {
  const { engine, turn } = live;
  const { version } = seen;
  if (version === undefined) return otherwise();
  const remove = (): Awaitable<void> =>
    chain(call(engine, "delete", handle, version), (deleted) => (deleted ? gone(live, true) : otherwise()));
  if (turn.held === undefined) return remove();
  // No fence guards a deletion, but a lock renewed just now can be nobody else's until it is done.
  const { fence } = turn.held.lease;
  return chain(call(engine, "relock", handle, fence, engine.options.lock.ttl), (held) =>
    held ? remove() : otherwise(),
  );
}

/**
 * Ends a session whose data was replaced by `{}`, also if somebody else has written to it in the meantime; but a
 * request that began under older rights ends nothing.
 */
export function endReplaced(live: Live, phase: Stored, save: () => Awaitable<void>): Awaitable<void> {
  return chain(endOthers(live), () =>
    endUnlessChanged(live, phase, async () => {
      // What is held exclusively is fenced, and only a save can tell.
      if (live.turn.held !== undefined) await save();
      if (live.phase.is === "stored") await endAsItIs(live, live.phase);
    }),
  );
}

/** Looks, judges the rights, and deletes what was seen, until nobody writes in between. */
async function endAsItIs(live: Live, phase: Stored): Promise<void> {
  for (let attempt = 0; attempt < END_ATTEMPTS; attempt++) {
    const found = await readAgain(live, phase);
    // To find nothing is no acknowledgment: who has ended it may still wait for one, and so does whoever deletes again.
    if (found === "ended") return end(live);
    if (found === "stale") return lost(live, "stale");
    if (await call(live.engine, "delete", phase.handle, found.version)) return gone(live, true);
  }
  throw new StateError(
    "conflict",
    "Other requests kept changing the session, so it was not ended. Try again.",
  );
}

/**
 * Ends what else this request could sign in with: sessions of other tokens that it brought (one may come from a sibling
 * domain, which can set cookies before ours), and of another library whose cookies it carries.
 */
export function endOthers(live: Live): Awaitable<void> {
  const { beside } = live;
  if (beside === undefined) return;
  return beside.tokens.length === 0
    ? endLegacy(live)
    : chain(endTokens(live, beside.tokens), () => endLegacy(live));
}

async function endTokens(live: Live, tokens: readonly string[]): Promise<void> {
  const own = live.phase.is === "stored" ? live.phase.handle : "";
  for (const token of tokens) {
    const handle = handleOf(token);
    if (handle === own) continue;
    const record = await call(live.engine, "read", handle);
    if (!opens(live.engine, record, token) || !(await call(live.engine, "delete", handle))) continue;
    publish(live.engine, "logged_out", { ...aboutOf(handle, record), reason: "logout" });
  }
  brought(live, { tokens: [] });
}

function endLegacy(live: Live): Awaitable<void> {
  const { engine, beside, phase } = live;
  if (engine.legacy === undefined || beside?.legacy === undefined) return;
  if (phase.is === "new" && phase.superseded) return;
  return engine.legacy.end(live, beside.legacy);
}

/** The store has refused a patch, because the session has ended or its rights have changed. */
export function refused(live: Live, result: Exclude<PatchResult, "tooLarge">, intent: Intent): void {
  if (result === "ok" || result === "merged") return;
  if (result === "stale" && live.turn.held !== undefined) {
    throw new StateError(
      "lock_lost",
      "Exclusive use of the session was over, or its rights changed, before this was saved. Nothing was saved; try again.",
    );
  }
  lost(live, result);
  // It was started over while the store answered.
  if (live.intent !== intent && startsOver(live.intent)) letGo(live);
}

/** It is over for this request: what it wrote is dropped, and an event says so. */
export function lost(live: Live, reason: "ended" | "stale"): void {
  ended(live, reason === "stale");
  discard(live, reason);
}

/** Says in an event that what this request wrote is dropped. */
export function discard(live: Live, reason: SessionEvents["discarded"]["reason"]): void {
  publish(live.engine, "discarded", { ...eventOf(live), reason });
}

/** Returns the error for whoever asks to save what cannot be saved any more. */
export function lostError(superseded: boolean): StateError {
  return new StateError(
    "ended",
    superseded
      ? "commit: the user signed in, or got other rights, a moment ago in another request, and this one came with the cookie from before; or the session is bound to a device that did not show its key. Nothing was saved; send it again with the new cookie, or ten seconds later."
      : "commit: the session has ended, or lost its rights, while this request ran. Nothing was saved; a new request begins a new session.",
  );
}

/** Says in an event that the id before a rotation was to change the rights; returns the error to throw. */
export function refusedByGrace(live: Live): StateError {
  discard(live, "grace");
  return new StateError(
    "id_replaced",
    "The id of this request was replaced a moment ago, so it may not change the rights. Nothing was saved; send the request again with the new cookie.",
  );
}

function gone(live: Live, byThisRequest: boolean): void {
  if (byThisRequest) {
    const { is } = live.intent;
    const reason = is === "logout" || is === "startOver" ? "logout" : "emptied";
    publish(live.engine, "logged_out", { ...eventOf(live), reason });
  }
  over(live);
  owe(live, byThisRequest ? removal(live) : undefined);
}

/** What starts over goes on: what is put into it after an early save, or came while the store answered, is stored. */
function over(live: Live): void {
  if (startsOver(live.intent)) letGo(live);
  else ended(live);
}

function removal({ engine, outbox }: Live): string {
  return outbox.carrier === "header" ? "" : removalCookie(engine.options.cookie);
}
