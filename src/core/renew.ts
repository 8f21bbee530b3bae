import type { Awaitable, NewRecord, Rotation } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { newRecord, rotatedRecord, snapshot } from "../record/record.ts";
import { call, chain, patch } from "./call.ts";
import { endLegacy, lost, refused } from "./end.ts";
import { publish } from "./events.ts";
import { type Head, headText } from "./head.ts";
import { headOf } from "./lifetime.ts";
import type { Intent, Live, Stored } from "./live.ts";
import { readAgain } from "./load.ts";
import { eventOf, headersSent, startsOver } from "./session.ts";
import { serializeCookie } from "./set-cookie.ts";
import { created, letGo, owe, readAnew, renewed } from "./state.ts";
import { createToken } from "./token.ts";

/*
 * The steps of a commit that give a session a new secret.
 */

const CREATE_ATTEMPTS = 3;
const FRESH_ATTEMPTS = 100;

/** Stores a new record under an id that nobody has. */
export function create(live: Live, text: string, intent: Intent, attempt = 1): Awaitable<void> {
  const { engine, outbox } = live;
  const isHurried = outbox.headers === "leaving";
  if (outbox.headers === "sent" || (isHurried && attempt > 1)) throw headersSent("a new session");
  const token = createToken(attempt === 1 ? outbox.reserved : undefined);
  const lifetime = "lifetime" in intent ? intent.lifetime : undefined;
  const head = lifetime === undefined ? engine.head.value : headOf(engine.options, lifetime);
  const record: NewRecord = {
    data: text,
    secretHash: token.secretHash,
    userId: intent.is === "login" ? intent.userId : null,
    idleTimeout: head.idleTimeout,
    absoluteTimeout: head.absoluteTimeout,
    head: lifetime === undefined ? engine.head.text : headText(head),
  };
  if (isHurried) owe(live, lineWith(live, token.value, head, head.absoluteTimeout));
  return chain(call(engine, "create", token.handle, record), (free) => {
    if (free) {
      const now = engine.backend.now();
      created(live, token.handle, snapshot(newRecord(record, now), now), head, intent);
      owe(live, lineOf(live, token.value));
      publish("created", eventOf(live));
      return;
    }
    if (attempt < CREATE_ATTEMPTS) return create(live, text, intent, attempt + 1);
    throw new StateError("conflict", "No free session id was found. Check the system's random generator.");
  });
}

/** A new secret, alone or with new rights; what changed goes along. */
export function rotate(
  live: Live,
  phase: Stored,
  text: string,
  intent: Intent,
  attempt = 1,
): Awaitable<void> {
  if (live.outbox.headers !== "open") throw headersSent(intent.is);
  const afresh = startsOver(intent) && attempt < FRESH_ATTEMPTS;
  const { version } = phase.seen;
  if (afresh && version === undefined) return lookAfresh(live, phase, text, intent, attempt);
  const token = createToken(phase.handle);
  const { head, rotation } = rotationOf(live, phase, intent, token.secretHash);
  const onlyVersion = startsOver(intent) ? version : undefined;
  return chain(patch(live, phase, text, intent, { rotation, head, onlyVersion }), (result) => {
    if (result === "ok" || result === "merged") {
      renewed(live, rotatedRecord(phase.record, rotation, head.idleTimeout, headText(head)), head);
      owe(live, lineOf(live, token.value));
      const login = intent.is !== "rotate";
      publish("rotated", { ...eventOf(live), login, privilegeChange: rotation.raiseEpoch });
      return;
    }
    if (result === "ended" && signsIn(live, intent)) throw nobodySignedIn(live);
    if (result === "stale") {
      if (afresh) return lookAfresh(live, phase, text, intent, attempt);
      // Another sign-in was first. This one checked a password too, so it gets a session of its own.
      if (signsIn(live, intent) && live.turn.held === undefined) return create(live, text, intent);
      // Another rotation was first: its id stays, and only the data is still to be stored.
      if (!rotation.raiseEpoch)
        return chain(patch(live, phase, text, intent), (saved) => refused(live, saved, intent));
    }
    return refused(live, result, intent);
  });
}

function rotationOf(
  { engine }: Live,
  phase: Stored,
  intent: Intent,
  secretHash: string,
): { head: Head; rotation: Rotation } {
  const newRights = intent.is !== "rotate";
  const lifetime = "lifetime" in intent ? intent.lifetime : undefined;
  const renews = newRights || lifetime !== undefined;
  const head = renews ? { ...phase.head, ...headOf(engine.options, lifetime) } : phase.head;
  const rotation: Rotation = {
    secretHash,
    grace: engine.options.rotationGrace,
    raiseEpoch: newRights || intent.elevated,
    ...(intent.is === "login" ? { userId: intent.userId } : {}),
    ...(renews ? { absoluteTimeout: head.absoluteTimeout } : {}),
  };
  return { head, rotation };
}

/** Looks at what others have stored since, so that none of it stays in a session that starts over; then goes on. */
async function lookAfresh(
  live: Live,
  phase: Stored,
  text: string,
  intent: Intent,
  attempt: number,
): Promise<void> {
  const found = await readAgain(live, phase);
  if (typeof found === "string") return rotate(live, phase, text, intent, FRESH_ATTEMPTS);
  readAnew(live, found);
  return rotate(live, live.phase as Stored, text, intent, attempt + 1);
}

/** The record goes, and what is kept of the data begins a new one. */
export function replace(live: Live, phase: Stored, text: string, intent: Intent): Awaitable<void> {
  if (live.outbox.headers !== "open") throw headersSent("a new session");
  const remove = (): Awaitable<boolean> => call(live.engine, "delete", phase.handle);
  return chain(chain(endLegacy(live), remove), (deleted) => {
    if (!deleted && signsIn(live, intent)) throw nobodySignedIn(live);
    if (!deleted) return lost(live, "ended");
    publish("destroyed", eventOf(live));
    letGo(live);
    return create(live, text, intent);
  });
}

/** Returns true if it may be a sign-in. Starting over may be one, unless the option `userId` says who is signed in. */
function signsIn({ engine }: Live, intent: Intent): boolean {
  return intent.is === "login" || (intent.is === "startOver" && engine.options.userId === undefined);
}

function nobodySignedIn(live: Live): StateError {
  lost(live, "ended");
  return new StateError(
    "ended",
    "The session ended while its user signed in. Nobody is signed in; sign in again.",
  );
}

/** What gives a token to the client: a Set-Cookie line, or by header the token itself. */
export function lineOf(live: Live, token: string): string {
  if (live.phase.is !== "stored") return token;
  const { record, head } = live.phase;
  return lineWith(live, token, head, record.absoluteExpiresAt - record.now);
}

function lineWith({ engine, outbox }: Live, token: string, head: Head, left: number): string {
  if (outbox.carrier === "header") return token;
  return serializeCookie(engine.options.cookie, token, head.persistent ? left : undefined);
}
