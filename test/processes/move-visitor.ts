import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import type { Answer } from "./move-fleet.ts";
import { handleOf } from "./rounds.ts";

/** Sends a request; undefined if nobody knows what came of it. */
export type Ask = (path: string, cookie?: string) => Promise<Answer | undefined>;

/** Keys that a visitor writes, each time another one. */
const NOTES = 6;

/**
 * The owner of a session, with what has to be true of it: each answer is judged by what was acknowledged before its request began.
 */
export class Visitor {
  readonly user: string | undefined;
  readonly handle: string;
  cookie: string;
  /** Increments that were acknowledged, and those of which nobody knows. */
  counted: number;
  maybe = 0;
  /** Notes that were acknowledged. */
  readonly notes = new Set<number>();
  /** When somebody first asked to end it, and when that was acknowledged. */
  ending: number | undefined;
  ended: number | undefined;
  /** Whether it got a new cookie of which its owner does not know. */
  isLost = false;
  #isRotating = false;

  constructor(cookie: string, user: string | undefined, counted = 0) {
    this.cookie = cookie;
    this.handle = handleOf(cookie);
    this.user = user;
    this.counted = counted;
  }

  /** Whether its session has to be live. */
  get isLive(): boolean {
    return this.ending === undefined && !this.isLost;
  }

  async count(ask: Ask): Promise<void> {
    const answer = await this.#use(ask, "/count");
    if (answer?.status === 200) this.counted += 1;
    // What is refused, with 401 or 409, was not stored.
    else if (answer === undefined || answer.status >= 500) this.maybe += 1;
  }

  async look(ask: Ask): Promise<void> {
    await this.#use(ask, "/");
  }

  async note(ask: Ask): Promise<void> {
    const n = Math.floor(Math.random() * NOTES);
    const answer = await this.#use(ask, `/note?n=${n}`);
    if (answer?.status === 200) this.notes.add(n);
  }

  async rotate(ask: Ask): Promise<void> {
    if (this.#isRotating || this.isLost) return;
    this.#isRotating = true;
    try {
      const answer = await this.#use(ask, "/rotate");
      if (answer?.status === 200 && answer.cookie) this.cookie = answer.cookie;
      else this.isLost = true;
    } finally {
      this.#isRotating = false;
    }
  }

  /** Ends it from inside (its owner) or from outside (an operator), asking again until that is acknowledged. */
  async end(ask: Ask, isOutside: boolean): Promise<void> {
    this.ending ??= performance.now();
    const path = isOutside ? `/revoke?handle=${this.handle}` : "/logout";
    await insist(ask, path, isOutside ? "" : this.cookie);
    this.ended ??= performance.now();
  }

  /** Judges what the store that the sessions have moved to tells of it. */
  judge(found: { user: string | undefined; data: Readonly<Record<string, unknown>> }): void {
    const { count, ...data } = found.data;
    if (this.ended !== undefined) {
      assert.deepEqual([found.user, count], [undefined, undefined], `an ended session is back: ${this}`);
      return;
    }
    if (!this.isLive) return;
    assert.equal(found.user, this.user, `logged out: ${this}`);
    assert.ok(typeof count === "number", `logged out: ${this}`);
    assert.ok(count >= this.counted, `${this} has lost an increment: ${count}`);
    assert.ok(count <= this.counted + this.maybe, `${this} was counted twice: ${count}`);
    for (const n of this.notes) assert.equal(data[`note${n}`], 1, `${this} has lost note ${n}`);
  }

  toString(): string {
    const { handle, user, counted, maybe, ending, ended } = this;
    const end = ending === undefined ? "" : `, ended between ${ending} and ${ended ?? "now"}`;
    return `session ${handle} of ${user ?? "nobody"} with ${counted} increments and ${maybe} unknown ones${end}`;
  }

  /** A request of its owner. What it is told of itself has to be true. */
  async #use(ask: Ask, path: string): Promise<Answer | undefined> {
    const began = performance.now();
    const least = this.counted;
    const answer = await ask(path, this.cookie);
    if (answer?.said === undefined) return answer;
    const { said } = answer;
    if (this.ended !== undefined && this.ended < began)
      assert.equal(answer.status, 401, `an ended session is open in ${path}: ${this}`);
    if (!this.isLive) return answer;
    assert.deepEqual(
      [answer.status, said.handle, said.user],
      [200, this.handle, this.user],
      `logged out in ${path} after ${Math.round(performance.now() - began)} ms: ${this}`,
    );
    assert.ok(said.count! >= least, `${this} saw ${said.count} in ${path}, and ${least} were acknowledged`);
    assert.ok(said.notes <= NOTES);
    return answer;
  }
}

/** Sends a request until it is acknowledged. */
export async function insist(ask: Ask, path: string, cookie = ""): Promise<void> {
  for (let attempt = 1; (await ask(path, cookie))?.status !== 200; attempt++)
    assert.ok(attempt < 100, `${path} was never acknowledged`);
}
