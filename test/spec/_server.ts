import assert from "node:assert/strict";
import { createSessions, type SessionBackend, type Sessions } from "micropie";
import { BackendError, StateError } from "micropie/errors";
import { type VirtualEnvironment, virtualEnvironment } from "micropie/testing";
import { type HeldCall, withHeldCalls } from "../_held-calls.ts";
import { ACTS, type Data } from "./_acts.ts";
import type { Cookie, Program } from "./_steps.ts";

/**
 * The times of the model: a tick is longer than the grace and a lock, and shorter than the idle timeout; two ticks are longer than
 * that, and three than the absolute one.
 */
export const TICK = 1000;
export const TIMES = {
  timeouts: { idle: 1500, absolute: 2500 },
  rotationGrace: 10,
  lock: { ttl: 300, wait: 10 },
} as const;

interface Waiting {
  readonly call: HeldCall;
  readonly answer: PromiseWithResolvers<unknown>;
}

/** What came of a request. */
export interface Outcome {
  readonly cookie: Cookie;
  /** The line of Set-Cookie, if there is one. */
  readonly line: string | undefined;
}

/** Turns of the event loop after which a process that is expected to make a call makes none. */
const PATIENCE = 10_000;

/** One server: an engine of its own whose calls wait for the schedule, and whose clock stands still. */
export class Server {
  readonly #sessions: Sessions<Data>;
  readonly #clock: VirtualEnvironment;
  readonly #number: number;
  readonly #waiting: Waiting[] = [];
  #outcome: Promise<Outcome> | undefined;
  #settled = false;

  constructor(backend: SessionBackend, number: number) {
    this.#number = number;
    this.#clock = virtualEnvironment({ start: 1_000_000, seed: number + 1 });
    const held = withHeldCalls(backend, (call) => {
      const answer = Promise.withResolvers<unknown>();
      this.#waiting.push({ call, answer });
      return answer.promise;
    });
    this.#sessions = createSessions<Data>({
      backend: held,
      environment: this.#clock,
      touchThrottle: 600,
      backendTimeout: "1000000s",
      ...TIMES,
    });
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#outcome !== undefined;
  }

  /** A request begins. */
  begin(program: Program, cookie: string, userId: string): void {
    this.#settled = false;
    const asker = { sessions: this.#sessions, cookie, process: this.#number, userId };
    this.#outcome = outcomeOf(ACTS[program](asker), cookie).finally(() => {
      this.#settled = true;
    });
    this.#outcome.catch(() => {});
  }

  /** Returns the call that waits, of those with this verb if one is given. Throws if the request comes to its end instead. */
  async call(verb?: string): Promise<HeldCall> {
    for (let turn = 0; turn < PATIENCE; turn++) {
      const found = this.#waiting.find(({ call }) => verb === undefined || call.verb === verb);
      if (found !== undefined) return found.call;
      if (this.#settled) break;
      await turns(turn);
    }
    const others = this.#waiting.map(({ call }) => call.verb).join(", ") || "none";
    throw new assert.AssertionError({
      message: `process ${this.#number} should call ${verb ?? "the store"}; calls that wait: ${others}${this.#settled ? "; its request is over" : ""}`,
    });
  }

  /** Lets the caller have an answer, or hear that it failed. */
  answer(
    call: HeldCall,
    value: { readonly is: "answer"; readonly value: unknown } | { readonly is: "failure" },
  ): void {
    const at = this.#waiting.findIndex((waiting) => waiting.call === call);
    const [{ answer } = assert.fail("the call does not wait")] = this.#waiting.splice(at, 1);
    if (value.is === "answer") answer.resolve(value.value);
    else answer.reject(new Error("the connection was lost"));
  }

  /** Moves its clock: what it waits for a while for, it does now. */
  async wait(seconds: number): Promise<void> {
    // What comes before the waiting may still be on its way.
    await new Promise(setImmediate);
    this.#clock.advance(seconds);
  }

  /** Returns what came of the request. Throws if it makes a call instead. */
  async outcome(): Promise<Outcome> {
    for (let turn = 0; turn < PATIENCE && !this.#settled; turn++) {
      if (this.#waiting.length > 0) break;
      await turns(turn);
    }
    assert.ok(
      this.#settled && this.#outcome !== undefined,
      `process ${this.#number} should answer; calls that wait: ${this.#waiting.map(({ call }) => call.verb).join(", ") || "none"}`,
    );
    const outcome = await this.#outcome;
    this.#outcome = undefined;
    return outcome;
  }
}

async function outcomeOf(answer: Promise<string | undefined>, cookie: string): Promise<Outcome> {
  try {
    const line = await answer;
    return { cookie: kindOf(line, cookie), line };
  } catch (error) {
    if (error instanceof BackendError) return { cookie: "e", line: undefined };
    if (error instanceof StateError) return { cookie: "N", line: undefined };
    throw error;
  }
}

/** A turn of the event loop; first those that cost little. */
async function turns(turn: number): Promise<void> {
  if (turn < 20) await null;
  else await new Promise(setImmediate);
}

export const cookieOf = (line: string): string => line.split(";", 1)[0]!;
export const handleOf = (cookie: string): string => cookie.split("=")[1]!.slice(0, 16);

function kindOf(line: string | undefined, cookie: string): Cookie {
  if (line === undefined) return "N";
  if (line.includes("Max-Age=0")) return "R";
  return handleOf(cookieOf(line)) === handleOf(cookie) ? "T" : "O";
}
