import assert from "node:assert/strict";
import { createSessions, login, type SessionBackend } from "micropie";
import type { SessionPatch, SessionRecord } from "micropie/backends/backend";
import { isExpired, judge } from "micropie/core/load";
import { storedUser } from "micropie/core/realm";
import { secretHashOf } from "micropie/core/token";
import { type HeldCall, withHeldCalls } from "../_held-calls.ts";
import type { Data } from "./_acts.ts";
import { type Ends, textOf } from "./_ends.ts";
import { cookieOf, handleOf, Server, TICK, TIMES } from "./_server.ts";
import { CALLS, type Call, type Schedule, type Step } from "./_steps.ts";
import { compareEnd } from "./_stored.ts";

/** Where schedules are played. */
export interface Place {
  /** The store as each process has it. */
  readonly backends: readonly SessionBackend[];
  /** What its channel tells, if it has one. */
  readonly ends: Ends | undefined;
  /** Makes all that is stored so many seconds older. */
  advance(seconds: number): void | Promise<void>;
}

/** The name of the engine's cookie, by default. */
const REALM = "session_id";
/** How long a holder waits before it makes its lock last longer, and a little more. */
const RENEWAL = TIMES.lock.ttl / 3 + 1;

let played = 0;

/**
 * Plays a schedule: each process is an engine of its own on the store, and each call of the store is made when the schedule says, and
 * must be the one that the model makes, and be answered as the model answers. Throws at the first step that is not the model's;
 * returns how many there were.
 */
export async function play(schedule: Schedule, place: Place): Promise<number> {
  const playing = new Playing(schedule, place);
  await playing.begin();
  let at = 0;
  try {
    for (const step of schedule.steps) {
      await playing.step(step);
      at++;
    }
    if (schedule.end !== undefined) await compareEnd(playing, schedule.end);
    return at;
  } catch (error) {
    if (error instanceof Error)
      error.message = `step ${at + 1}, ${JSON.stringify(schedule.steps[at] ?? "the end")}, of ${schedule.text}: ${error.message}`;
    throw error;
  }
}

/** One schedule that is being played, and what is known of its sessions. */
export class Playing {
  readonly schedule: Schedule;
  readonly place: Place;
  readonly userId = `ann${++played}`;
  /** The hash of each secret, by its number in the model. */
  readonly secrets: string[] = [""];
  /** The handles of the sessions that the model has under these numbers. */
  readonly handles: string[] = [];
  /** What the channel should tell. */
  readonly notices: string[] = [];
  readonly #servers: readonly Server[];
  readonly #cookies: string[] = [];
  readonly #attempts: number[] = [];
  /** The rights that each request has found. */
  readonly #epochs: (number | undefined)[] = [];

  constructor(schedule: Schedule, place: Place) {
    this.schedule = schedule;
    this.place = place;
    this.#servers = schedule.programs.map((_, n) => new Server(place.backends[n]!, n));
  }

  get backend(): SessionBackend {
    return this.place.backends[0]!;
  }

  get processes(): number {
    return this.schedule.programs.length;
  }

  get storedUser(): string {
    return storedUser(REALM, this.userId);
  }

  /** Stores the session that all requests bring. */
  async begin(): Promise<void> {
    const backend = withHeldCalls(this.backend, async ({ run }) => run());
    const sessions = createSessions<Data>({ backend, ...TIMES });
    const session = await sessions.load(undefined);
    session.a = 1;
    if (this.schedule.signedIn) login(session, this.userId);
    const cookie = cookieOf((await sessions.commit(session))!);
    this.handles[0] = handleOf(cookie);
    this.secrets[1] = hashOf(cookie);
    for (const n of this.schedule.programs.keys()) {
      this.#cookies[n] = cookie;
      this.#attempts[n] = 0;
    }
  }

  async step(step: Step): Promise<void> {
    if (step.is === "tick") return this.place.advance(TICK);
    const server = this.#servers[step.process]!;
    switch (step.is) {
      case "dies":
        return;
      case "waits":
        return server.wait(step.late ? TIMES.lock.wait : 0.03);
      case "fails":
        this.#begin(step.process);
        return server.answer(await server.call(), { is: "failure" });
      case "answers":
        return this.#answered(step);
      case "call":
        return this.#call(step);
    }
  }

  #begin(process: number): void {
    if (this.#servers[process]!.isBusy) return;
    this.#attempts[process]!++;
    this.#servers[process]!.begin(this.schedule.programs[process]!, this.#cookies[process]!, this.userId);
  }

  async #answered({ process, cookie, lost }: Extract<Step, { is: "answers" }>): Promise<void> {
    const outcome = await this.#servers[process]!.outcome();
    assert.equal(outcome.cookie, cookie, "what the request is answered with");
    if (cookie === "T" && !lost) this.#cookies[process] = cookieOf(outcome.line!);
  }

  async #call({ process, call, answer, lost }: Extract<Step, { is: "call" }>): Promise<void> {
    const server = this.#servers[process]!;
    this.#begin(process);
    // The lock is made to last longer while something else is on its way.
    if (call === "k") await server.wait(RENEWAL);
    const held = await server.call(VERBS[call]);
    checkAsked(call, held);
    const value = await held.run();
    assert.equal(this.#answerOf(process, call, held, value), answer, `what ${CALLS[call]} answers`);
    server.answer(held, lost ? { is: "failure" } : { is: "answer", value });
    // It tries again after a while.
    if (call === "p" && answer === "s") await server.wait(1);
  }

  /** The answer of the store, in the letters of the model; notes what it has done. */
  #answerOf(process: number, call: Call, { values }: HeldCall, value: unknown): string {
    switch (call) {
      case "r":
        return this.#judged(process, value as SessionRecord | undefined);
      case "a":
        return this.#judgedAgain(process, value as SessionRecord | undefined);
      case "l":
        return typeof value === "number" ? "y" : String(value).charAt(0);
      case "v":
        return this.#ended(value as string[]);
      case "c":
        // The model counts the sessions that a process may begin: two.
        this.handles[1 + 2 * process + this.#attempts[process]! - 1] = values[0] as string;
        return "";
      case "d":
      case "D":
        if (value === true)
          this.notices.push(
            textOf({ handle: this.handles[0]!, reason: (values[2] as "revoked") ?? "logged_out" }),
          );
        return value === true ? "y" : "n";
      default:
        if (typeof value === "boolean") return value ? "y" : "n";
        if (value === "ok" || value === "merged") this.#patched(values[1] as SessionPatch);
        return String(value).charAt(0);
    }
  }

  /** The numbers of these handles. */
  #ended(handles: readonly string[]): string {
    for (const handle of handles) this.notices.push(textOf({ handle, reason: "revoked" }));
    return handles
      .map((handle) => this.handles.indexOf(handle))
      .sort()
      .join("");
  }

  #patched({ rotation, ifEpoch }: SessionPatch): void {
    if (rotation === undefined) return;
    this.secrets.push(rotation.secretHash);
    if (rotation.raiseEpoch)
      this.notices.push(textOf({ handle: this.handles[0]!, reason: "rights", epoch: ifEpoch + 1 }));
  }

  #judged(process: number, record: SessionRecord | undefined): string {
    this.#epochs[process] = record?.epoch;
    if (this.schedule.programs[process] === "revokeOne")
      return record !== undefined && !isExpired(record) ? "Y" : "N";
    if (record === undefined) return "U";
    const verdict = judge(record, hashOf(this.#cookies[process]!));
    return verdict === "expired" || verdict === "unknown" ? "U" : verdict.charAt(0).toUpperCase();
  }

  /** What the engine makes of a record that it reads again is known by what it does next; here only whether there is one. */
  #judgedAgain(process: number, record: SessionRecord | undefined): string {
    if (record === undefined || isExpired(record)) return "e";
    return record.epoch === this.#epochs[process] ? "o" : "s";
  }
}

const VERBS: Record<Call, string> = {
  r: "read",
  a: "read",
  n: "patch",
  w: "patch",
  p: "patch",
  h: "patch",
  g: "patch",
  q: "patch",
  i: "patch",
  c: "create",
  t: "touch",
  d: "delete",
  D: "delete",
  l: "lock",
  k: "relock",
  u: "relock",
  v: "revokeUser",
};

/** The conditions of each patch of the model. */
const CONDITIONS: Partial<Record<Call, readonly (keyof SessionPatch)[]>> = {
  n: ["ifVersion", "head"],
  w: [],
  p: ["ifVersion"],
  h: ["ifFence"],
  g: ["ifSecretHash", "rotation"],
  q: ["ifSecretHash", "rotation"],
  i: ["ifSecretHash", "rotation"],
};

/** Throws unless the call has the conditions that the model gives it, and no others. */
function checkAsked(call: Call, { values }: HeldCall): void {
  if (call === "d" || call === "D")
    assert.equal(values[1] !== undefined, call === "D", "ifVersion of delete");
  if (call === "k" || call === "u") assert.equal(values[2] === 0, call === "u", "seconds of relock");
  const conditions = CONDITIONS[call];
  if (conditions === undefined) return;
  const patch = values[1] as SessionPatch;
  const names = ["ifVersion", "ifSecretHash", "ifFence", "rotation"] as const;
  assert.deepEqual(
    names.filter((name) => patch[name] !== undefined),
    names.filter((name) => conditions.includes(name)),
    "the conditions of patch",
  );
  if (call === "g" || call === "q" || call === "i") {
    assert.equal(patch.rotation?.raiseEpoch, call !== "g", "whether the patch changes the rights");
    assert.equal(patch.rotation?.userId !== undefined, call === "i", "whether the patch signs in");
  }
}

function hashOf(cookie: string): string {
  return secretHashOf(REALM, cookie.split("=")[1]!);
}
