import type { Awaitable, NewRecord, Rotation, SessionRecord } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { newRecord, rotatedRecord, snapshot } from "../record/record.ts";
import { call, chain, ifPossible, patch } from "./call.ts";
import { movedHead, signedInWith } from "./came-from.ts";
import { warnCrowded } from "./crowded.ts";
import { endLeftBehind, endOthers, lost, refused, refusedByGrace } from "./end.ts";
import { publish } from "./events.ts";
import { provedLater, signedInBy } from "./factors.ts";
import { type Head, headText, inRealm, readHead, remember, timesOf } from "./head.ts";
import { headOf } from "./lifetime.ts";
import type { Intent, Live, Stored } from "./live.ts";
import { readAgain } from "./read-again.ts";
import { storedUser } from "./realm.ts";
import { retire } from "./retired.ts";
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
  const { engine, outbox, phase } = live;
  const isHurried = outbox.headers === "leaving";
  if (outbox.headers === "sent" || (isHurried && attempt > 1)) throw headersSent("a new session");
  const token = createToken(engine.options.realm, attempt === 1 ? outbox.reserved : undefined);
  const lifetime = "lifetime" in intent ? intent.lifetime : undefined;
  const { head: usual, options } = engine;
  const made = lifetime === undefined ? usual.value : inRealm(headOf(options, lifetime), options.realm);
  const head = intent.is === "login" ? signedIn(live, intent, made) : made;
  const record: NewRecord = {
    data: text,
    secretHash: token.secretHash,
    userId: intent.is === "login" ? storedUser(engine.options.realm, intent.userId) : null,
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
      publish(engine, "created", eventOf(live));
      if (live.beside?.crowded && signsIn(live, intent)) warnCrowded(engine.options.cookie.name);
      if (phase.is !== "new") return;
      const { damaged, unproven } = phase;
      // In its place there is another one. If this fails, it stays until it expires, and opens nothing.
      if (unproven !== undefined)
        return ifPossible(() => endLeftBehind(engine, unproven.handle, unproven.record, "replaced"));
      if (damaged === undefined) return;
      return ifPossible(() => chain(call(engine, "delete", damaged), () => {}));
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
  const token = createToken(live.engine.options.realm, phase.handle);
  const { head, rotation } = rotationOf(live, phase, intent, token.secretHash);
  const { raiseEpoch } = rotation;
  // A head that is written back must not lose the key that the browser has registered meanwhile.
  const keepsBinding = intent.is === "rotate" && live.engine.bound !== undefined && attempt < FRESH_ATTEMPTS;
  const onlyVersion = keepsBinding ? phase.record.version : startsOver(intent) ? version : undefined;
  return chain(patch(live, phase, text, intent, { rotation, head, onlyVersion }), (result) => {
    if (result === "ok" || result === "merged") {
      renewed(live, rotatedRecord(phase.record, rotation, head.idleTimeout, headText(head)), head);
      owe(live, lineOf(live, token.value));
      const login = intent.is !== "rotate";
      if (live.beside?.crowded && signsIn(live, intent)) warnCrowded(live.engine.options.cookie.name);
      publish(live.engine, "rotated", { ...eventOf(live), login, elevated: raiseEpoch });
      return;
    }
    if (result === "ended" && signsIn(live, intent)) throw nobodySignedIn(live);
    if (result === "stale" && afresh) return lookAfresh(live, phase, text, intent, attempt);
    if (result === "stale" && keepsBinding)
      return chain(readAgain(live, phase), (found) =>
        typeof found === "string" || found.secretHash !== phase.record.secretHash
          ? outrun(live, phase, text, intent, raiseEpoch)
          : rotate(live, withHeadOf(phase, found), text, intent, attempt + 1),
      );
    if (result === "stale") return outrun(live, phase, text, intent, raiseEpoch);
    return refused(live, result, intent);
  });
}

/** Another request has given the session a new secret, or new rights, before this one. */
function outrun(
  live: Live,
  phase: Stored,
  text: string,
  intent: Intent,
  raiseEpoch: boolean,
): Awaitable<void> {
  const isHeld = live.turn.held !== undefined;
  // Another sign-in was first. This one checked a password too, so it gets a session of its own.
  if (signsIn(live, intent) && !isHeld) return create(live, text, intent);
  // Another rotation was first: its id stays, and only the data is still to be stored.
  if (!raiseEpoch) return chain(patch(live, phase, text, intent), (saved) => refused(live, saved, intent));
  return isHeld ? refused(live, "stale", intent) : refuseStale(live, phase, intent);
}

/** What this request knows of its session, with the head as it is stored now. */
function withHeadOf(phase: Stored, { head, version }: SessionRecord): Stored {
  return { ...phase, head: readHead(head), record: { ...phase.record, head, version } };
}

/** Returns the head of a session whose user signs in with this request. */
function signedIn(live: Live, intent: Extract<Intent, { is: "login" }>, head: Head): Head {
  const { bound } = live.engine;
  const own = signedInWith(live, intent, signedInBy(head, intent.by));
  return bound === undefined ? own : bound.signedIn(live, own);
}

function rotationOf(
  live: Live,
  phase: Stored,
  intent: Intent,
  secretHash: string,
): { head: Head; rotation: Rotation } {
  const { options } = live.engine;
  const retired = retire(phase.record, phase.head);
  const before = retired === phase.head ? retired : movedHead(live, retired);
  const secret = { secretHash, grace: options.rotationGrace };
  const lifetime = "lifetime" in intent ? intent.lifetime : undefined;
  if (intent.is === "login" || intent.is === "startOver") {
    const created = startsOver(intent) ? undefined : timesOf(phase.record, phase.head).createdAt;
    const kept = remember(
      { ...before, ...headOf(options, lifetime) },
      { created, nth: undefined, pending: undefined, device: undefined, bound: undefined },
    );
    const head = intent.is === "login" ? signedIn(live, intent, kept) : signedInBy(kept, []);
    const user = intent.is === "login" ? { userId: storedUser(options.realm, intent.userId) } : {};
    return {
      head,
      rotation: { ...secret, raiseEpoch: true, ...user, absoluteTimeout: head.absoluteTimeout },
    };
  }
  const raiseEpoch = intent.is === "rotate" && intent.elevated;
  const proved = intent.is === "rotate" ? provedLater(before, intent.by, phase.record.now) : before;
  if (lifetime === undefined) return { head: proved, rotation: { ...secret, raiseEpoch } };
  const { idleTimeout = phase.head.idleTimeout, persistent = phase.head.persistent } = lifetime;
  return {
    head: { ...proved, idleTimeout, persistent },
    rotation: { ...secret, raiseEpoch, restartIdle: true },
  };
}

/** Another request has changed the rights, or only the id: then this one has the id before, which may not change them. */
function refuseStale(live: Live, phase: Stored, intent: Intent): Awaitable<void> {
  return chain(readAgain(live, phase), (found) => {
    if (typeof found !== "string") throw refusedByGrace(live);
    return refused(live, found, intent);
  });
}

/** Begins a session of its own for a request whose id was replaced, and leaves the one that it opened as it is. */
export function own(live: Live, text: string, intent: Intent): Awaitable<void> {
  if (live.outbox.headers === "sent") throw headersSent("a new session");
  letGo(live);
  return create(live, text, intent);
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
  const seen = live.phase as Stored;
  return seen.grace ? own(live, text, intent) : rotate(live, seen, text, intent, attempt + 1);
}

/** The record goes, and what is kept of the data begins a new one. */
export function replace(live: Live, phase: Stored, text: string, intent: Intent): Awaitable<void> {
  if (live.outbox.headers !== "open") throw headersSent("a new session");
  const remove = (): Awaitable<boolean> => call(live.engine, "delete", phase.handle);
  return chain(chain(endOthers(live), remove), (deleted) => {
    if (!deleted && signsIn(live, intent)) throw nobodySignedIn(live);
    if (!deleted) return lost(live, "ended");
    publish(live.engine, "logged_out", { ...eventOf(live), reason: "replaced" });
    letGo(live);
    return create(live, text, intent);
  });
}

/** Returns true if it may be a sign-in. Starting over may be one, unless the option `userIdOf` says who is signed in. */
function signsIn({ engine }: Live, intent: Intent): boolean {
  return intent.is === "login" || (intent.is === "startOver" && engine.options.userIdOf === undefined);
}

/** Returns the error of a sign-in whose session has ended meanwhile. */
export function nobodySignedIn(live: Live): StateError {
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
