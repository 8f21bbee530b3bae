import assert from "node:assert/strict";
import type fc from "fast-check";
import { type Session, type Sessions, StateError } from "micropie";
import { plainUser } from "micropie/core/realm";
import type { Gate, GatedBackend, VirtualEnvironment } from "micropie/testing";
import type { Model } from "./_model.ts";
import type { Fields, ModelRequest, Refusal } from "./_model-request.ts";

/** One request, in the library and in the model. */
interface Slot {
  readonly browser: number;
  readonly sessions: Sessions<Fields>;
  readonly session: Session<Fields>;
  readonly model: ModelRequest;
  /** Set while its last step waits at a gate of the store. */
  held: { gate: Gate; answer: Promise<() => void> } | undefined;
}

/** The library under test, with what the browsers know. */
export interface Real {
  readonly store: GatedBackend;
  readonly clock: VirtualEnvironment;
  /** One engine for each slot, as if each were another server. */
  readonly engines: readonly Sessions<Fields>[];
  readonly slots: Slot[];
  readonly jars: (string | undefined)[];
  /** Every cookie that was ever given out. */
  readonly given: string[];
}

type Step = (model: Model, real: Real) => Promise<void>;

export class Command implements fc.AsyncCommand<Model, Real> {
  readonly #name: string;
  readonly #step: Step;

  constructor(name: string, step: Step) {
    this.#name = name;
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.#step(model, real);
    for (const session of model.sessions) {
      const record = await real.store.inner.read(session.handle);
      const alive = record !== undefined && record.now < record.expiresAt;
      assert.equal(alive, model.alive(session), `${session.handle} is ${alive ? "alive" : "over"}`);
      if (!alive) continue;
      const { data, userId, epoch, version } = session;
      assert.deepEqual(
        [
          JSON.parse(record.data),
          plainUser(record.userId),
          record.epoch,
          record.version,
          record.expiresAt - record.now,
        ],
        [data, userId, epoch, version, session.expires - model.now],
      );
    }
  }

  toString(): string {
    return this.#name;
  }
}

/** On one of the requests that are open and not held; nothing if there is none. */
export const onOpen =
  (index: number, step: (slot: Slot, model: Model, real: Real) => Promise<void> | void): Step =>
  async (model, real) => {
    const open = real.slots.filter((slot) => slot.held === undefined);
    if (open.length > 0) await step(open[index % open.length]!, model, real);
  };

/** Its request is over. */
export function close(slot: Slot, real: Real): void {
  real.slots.splice(real.slots.indexOf(slot), 1);
}

/** Starts `work`; if it is to be held, it stops at its first write, and goes on when the slot is released. */
export async function perform(
  slot: Slot,
  real: Real,
  hold: boolean,
  work: () => Promise<() => void>,
): Promise<void> {
  if (!hold) return (await work())();
  const gates = (["create", "patch", "touch", "delete"] as const).map((verb) => real.store.hold(verb));
  const answer = work();
  const first = await Promise.race([...gates.map((gate) => gate.reached.then(() => gate)), answer]);
  for (const gate of gates) if (gate !== first) gate.open();
  if (typeof first === "function") return first();
  slot.held = { gate: first, answer };
}

/** Ends a request, and gives the browser what the response owes. */
export async function finish(slot: Slot, model: Model, real: Real): Promise<() => void> {
  const answer = await outcome(async () => slot.sessions.commit(slot.session));
  return () => {
    const refusal = isRefusal(answer) ? answer : undefined;
    const line = isRefusal(answer) ? undefined : answer;
    const failed = model.commit(slot.model, () => learn(real, line));
    assert.equal(refusal, failed);
    const owes = failed ? undefined : slot.model.owes;
    assert.equal(line === undefined ? undefined : line.includes("Max-Age=0") ? "removal" : "cookie", owes);
    if (owes !== undefined) real.jars[slot.browser] = owes === "removal" ? undefined : cookieIn(line);
    close(slot, real);
  };
}

function learn(real: Real, line: string | undefined): { handle: string; cookie: string } {
  assert.ok(line, "a new cookie");
  const cookie = cookieIn(line);
  real.given.push(cookie);
  return { cookie, handle: cookie.split("=")[1]!.slice(0, 16) };
}

const cookieIn = (line: string | undefined): string => line!.split(";", 1)[0]!;

const isRefusal = (answer: unknown): answer is Refusal => answer === "ended" || answer === "id_replaced";

/** What it answers, or the code if it throws one of those. Anything else thrown is a failure. */
export async function outcome<T>(work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StateError && isRefusal(error.code)) return error.code;
    throw error;
  }
}

/** A verb that only marks: it throws for a session that is over, and only then. */
export function mark(slot: Slot, verb: () => void, next: NonNullable<ModelRequest["mark"]>): void {
  const over = slot.model.over || slot.model.mark?.verb === "destroy";
  if (over) return void assert.throws(verb, StateError);
  verb();
  const before = slot.model.mark;
  if (next.verb !== "rotate" || before === undefined) slot.model.mark = next;
  else if (before.verb === "rotate") slot.model.mark = { verb: "rotate", raise: before.raise || next.raise };
}
