import type { Environment } from "micropie/environment";

/** One of the two stores. */
export type Side = "first" | "second";

/** Where sessions move from, and whether a server moves what it uses. */
export interface Step {
  readonly from: Side;
  readonly move: boolean;
}

/**
 * The steps in which an application moves its sessions, as docs/operators.md has them, and moves them back; then it begins anew. In the
 * first step of each way the servers find what others have moved, in the second one they move.
 */
const STEPS: readonly Step[] = [
  { from: "first", move: false },
  { from: "first", move: true },
  { from: "second", move: false },
  { from: "second", move: true },
];

/** How many worlds begin with the first step; the others begin with any of them. */
const FROM_THE_START = 0.8;

/** How many of the servers are one step ahead at the beginning. */
const AHEAD = 0.4;

/** Which step each server of a world has come to. None goes on to the next one before all have come to the one before it. */
export class Deployment {
  readonly #random: () => number;
  /** How many steps it had when the world began. */
  readonly #begun: number;
  /** How many steps each server has had, and each process that moves the sessions that nobody uses. */
  readonly #servers = new Map<number, number>();
  readonly #movers = new Map<number, number>();

  constructor({ random }: Environment) {
    this.#random = random;
    this.#begun = random() < FROM_THE_START ? 0 : Math.floor(random() * STEPS.length);
  }

  /** A server starts: for the first time, or again, and then with the next step if no other is behind. */
  start(server: number): Step {
    const before = this.#servers.get(server);
    // It dies with its server.
    this.#movers.delete(server);
    const all = [...this.#servers.values(), ...this.#movers.values()];
    const steps =
      before === undefined
        ? this.#begun + (this.#random() < AHEAD ? 1 : 0)
        : Math.max(before, Math.min(...all) + 1);
    this.#servers.set(server, steps);
    return STEPS[steps % STEPS.length]!;
  }

  /** Moves the sessions that nobody uses, in the direction in which servers move those that somebody uses. */
  async whileMoving<T>(server: number, work: (from: Side) => Promise<T>): Promise<T> {
    const first = Math.min(...this.#servers.values());
    const steps = STEPS[first % STEPS.length]!.move ? first : first + 1;
    this.#movers.set(server, steps);
    try {
      return await work(STEPS[steps % STEPS.length]!.from);
    } finally {
      this.#movers.delete(server);
    }
  }
}
