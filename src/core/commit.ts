import type { Awaitable } from "../backends/backend.ts";
import { call, chain, ifPossible, patch } from "./call.ts";
import { checkSize, encode, isChanged } from "./codec.ts";
import { type Asked, type Content, decide, type Facts, type Step, WRITES } from "./decide.ts";
import { discard, end, endReplaced, endUnlessChanged, lostError, refused, refusedByGrace } from "./end.ts";
import { commitFollowed, letStay } from "./follow.ts";
import { watchLateWrites } from "./late.ts";
import { isTouchDue } from "./lifetime.ts";
import { storeWithin } from "./limit.ts";
import type { Engine, Intent, Live, Seen, Stored } from "./live.ts";
import { create, own, replace, rotate } from "./renew.ts";
import { refuseStaleEdits } from "./replaced.ts";
import { checkWritten } from "./schema.ts";
import { liveOf, readOnly, requestOver } from "./session.ts";
import { ask, headersLeave, occupied, prolonged, released, requestEnded, saveRefused } from "./state.ts";
import { takeBack } from "./take-back.ts";
import { intentOf } from "./user.ts";

/**
 * Ends a session's use so far: finds out what changed, decides, and does the one thing that was decided. When it throws,
 * nothing was stored. Several at once go one after the other.
 */
export function commit(live: Live, isFollowed = false): Awaitable<void> {
  const { busy, follow } = live.turn;
  if (busy !== undefined) return busy.then(() => commit(live));
  if (follow !== undefined && !isFollowed) return commitFollowed(live, () => commit(live, true));
  if (live.engine.options.userIdOf !== undefined) ask(live, intentOf(live));
  if (live.turn.replaced !== undefined) refuseStaleEdits(live);
  const { intent } = live;
  const { is } = live.phase;
  // What cannot be encoded must not keep a session from being ended.
  const text = is === "over" || is === "ended" || intent.is === "logout" ? "{}" : encode(live.data);
  const step = decide(factsOf(live, intent, text));
  const { maxBytes, schema } = live.engine.options;
  // A UTF-16 unit is at most three bytes of UTF-8: most texts need no count.
  const isJudged = WRITES.has(step) && (schema !== undefined || text.length * 3 > maxBytes);
  const done = isJudged
    ? chain(check(live, text), () => act(live, step, text, intent))
    : act(live, step, text, intent);
  if (done instanceof Promise) occupied(live, done);
  return done;
}

/**
 * Saves now what has changed until now; returns at once if the back-end does. Throws StateError `ended` if there is
 * something to save and no session any more that it could be saved in.
 */
export function saveNow(session: object): Awaitable<void> {
  const live = liveOf(session);
  saveRefused(live, undefined);
  return chain(commit(live), () => refuseLost(live));
}

/** Whoever asks is told; at the end of a request, what is lost is an event. */
function refuseLost({ phase, data }: Live): void {
  const isLost = phase.is === "ended" || (phase.is === "new" && phase.superseded);
  if (isLost && Object.keys(data).length > 0) throw lostError(phase.is === "new");
}

/** The same for a handler that hears of a failure: what could not be stored is not stored later, unless it asks again. */
export function saveHeard(session: object): Awaitable<void> {
  const live = liveOf(session);
  saveRefused(live, undefined);
  const refuse = (error: unknown): never => {
    saveRefused(live, encode(live.data));
    throw error;
  };
  try {
    const done = chain(commit(live), () => refuseLost(live));
    return done instanceof Promise ? done.catch(refuse) : done;
  } catch (error) {
    return refuse(error);
  }
}

/**
 * Saves, and returns what the response has to carry: the Set-Cookie line, or the value of the header. From then on the
 * headers count as sent.
 */
export function finish(live: Live): Awaitable<string | undefined> {
  try {
    if (live.turn.refused !== undefined) takeBack(live);
    const done = commit(live);
    if (!(done instanceof Promise)) return leave(live);
    return done.then(
      () => leave(live),
      async (error: unknown) => {
        await free(live);
        throw error;
      },
    );
  } catch (error) {
    void free(live);
    throw error;
  }
}

/** Ends the request's use without saving. Returns what the error answer has to carry, because the handler saved itself. */
export function drop(live: Live): string | undefined {
  requestEnded(live);
  if (live.turn.follow !== undefined) letStay(live);
  void free(live);
  return live.outbox.headers === "open" ? live.outbox.line : undefined;
}

/** The last commit is done. Whatever comes later is refused, and no longer dropped in silence. */
export function close(live: Live): void {
  requestEnded(live);
  if (live.turn.follow !== undefined) letStay(live);
  watchLateWrites(live.data);
}

function leave(live: Live, settled = false): Awaitable<string | undefined> {
  const { legacy } = live.engine;
  if (legacy !== undefined && !settled) return chain(legacy.settle(live), () => leave(live, true));
  const line = headersLeave(live);
  if (live.turn.follow !== undefined) letStay(live);
  const freed = live.turn.held === undefined ? undefined : free(live);
  return freed === undefined ? line : freed.then(() => line);
}

function free(live: Live): Promise<void> | undefined {
  return live.turn.held?.during === "request" ? released(live)?.release() : undefined;
}

/** What is known at this moment, as `decide` takes it. */
function factsOf({ phase, engine, beside, turn }: Live, intent: Intent, encoded: string): Facts {
  if (phase.is === "over") return { phase: "over" };
  const text = encoded === turn.blank ? "{}" : encoded;
  if (phase.is === "readOnly")
    return { phase: "readOnly", content: contentOf(phase.of?.seen ?? NOTHING, false, text) };
  const asked = intent.is === "none" ? "nothing" : askedOf(engine, intent);
  if (phase.is === "ended") return { phase: "ended", lives: phase.lives, asked };
  if (phase.is === "new") {
    const content = contentOf(NOTHING, phase.emptied, text);
    return { phase: "new", superseded: phase.superseded, asked, content };
  }
  const content = contentOf(phase.seen, phase.emptied, text);
  const { record, head, expiresAt, grace } = phase;
  return {
    phase: "stored",
    signedIn: record.userId !== null,
    grace,
    // Data that is stored moves the deadline as well.
    touchDue:
      content !== "changed" &&
      beside?.idle !== true &&
      isTouchDue(record, head.idleTimeout, expiresAt, engine.options.touchThrottle),
    asked,
    content,
  };
}

const NOTHING: Seen = { text: "{}", version: undefined, as: "data" };

function contentOf(seen: Seen, emptied: boolean, text: string): Content {
  if (text !== "{}") return seen.as === "hidden" || isChanged(seen.text, text) ? "changed" : "same";
  if (emptied) return "replaced";
  if (seen.as === "drained") return "drainedByUpdate";
  return seen.text === "{}" || seen.as === "hidden" ? "none" : "drained";
}

function askedOf(engine: Engine, intent: Exclude<Intent, { is: "none" }>): Asked {
  switch (intent.is) {
    case "rotate":
      return intent.elevated ? "elevate" : "rotate";
    case "startOver":
      return engine.options.userIdOf === undefined ? "regenerate" : "signOut";
    default:
      return intent.is;
  }
}

function act(live: Live, step: Step, text: string, intent: Intent): Awaitable<void> {
  if (intent.is !== "login" || !WRITES.has(step)) return perform(live, step, text, intent);
  return storeWithin(live, intent, (asked) => perform(live, step, text, asked));
}

function perform(live: Live, step: Step, text: string, intent: Intent): Awaitable<void> {
  switch (step) {
    case "keep":
      return;
    case "touch":
      return touch(live);
    case "save":
      return save(live, text, intent);
    case "create":
      return create(live, text, intent);
    case "discard":
      return discard(live, "superseded");
    case "refuseOver":
      throw requestOver();
    case "refuseReadOnly":
      throw readOnly(live, "commit");
    case "refuseGrace":
      throw refusedByGrace(live);
    case "end":
      return end(live);
    default:
      return actOnStored(live, live.phase as Stored, step, text, intent);
  }
}

type OnStored = "rotate" | "replace" | "own" | "endOrSave" | "endOrRotate" | "endReplaced";

function actOnStored(
  live: Live,
  phase: Stored,
  step: OnStored,
  text: string,
  intent: Intent,
): Awaitable<void> {
  switch (step) {
    case "rotate":
      return rotate(live, phase, text, intent);
    case "replace":
      return replace(live, phase, text, intent);
    case "own":
      return own(live, text, intent);
    case "endOrSave":
      return endUnlessChanged(live, phase, () => save(live, text, intent));
    case "endOrRotate":
      return endUnlessChanged(live, phase, () => rotate(live, phase, text, intent));
    case "endReplaced":
      return endReplaced(live, phase, () => save(live, text, intent));
  }
}

/** Judges the data. Throws DataError if it is too large, or if the schema refuses it. */
function check({ engine, phase, data }: Live, text: string): Awaitable<unknown> {
  const { maxBytes, schema } = engine.options;
  if (phase.is !== "stored" || text !== phase.seen.text) checkSize(text, maxBytes);
  return schema === undefined ? undefined : checkWritten(schema, data);
}

/** Writes what changed into the record as it is now. */
function save(live: Live, text: string, intent: Intent): Awaitable<void> {
  const answer = patch(live, live.phase as Stored, text, intent);
  if (answer instanceof Promise)
    return answer.then((result) => {
      if (result !== "ok") refused(live, result, intent);
    });
  if (answer !== "ok") refused(live, answer, intent);
}

function touch(live: Live): Awaitable<void> {
  const { handle, head } = live.phase as Stored;
  return ifPossible(() => chain(call(live.engine, "touch", handle, head.idleTimeout), () => prolonged(live)));
}
