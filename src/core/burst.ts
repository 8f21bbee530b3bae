import type { Environment } from "../environment.ts";

const WINDOW = 10;

/** How many kinds are told apart at once; all others are one. */
const MOST = 20;

/** Counts what comes often, so that a loop fills no log: of each kind, what comes in ten seconds is told at their end. */
export class Burst {
  readonly #environment: Environment;
  readonly #least: number;
  readonly #open = new Map<string, { count: number }>();

  /** From `least` of a kind on, their number is told. */
  constructor(environment: Environment, least: number) {
    this.#environment = environment;
    this.#least = least;
  }

  /** Returns true for the first one of its kind. Calls `tell` once for the others, when the ten seconds are over. */
  add(kind: string, tell: (count: number) => void): boolean {
    const own = this.#open.has(kind) || this.#open.size < MOST ? kind : "others";
    const open = this.#open.get(own);
    if (open !== undefined) {
      open.count += 1;
      return false;
    }
    const opened = { count: 1 };
    this.#open.set(own, opened);
    this.#environment.timer(
      WINDOW,
      () => {
        this.#open.delete(own);
        if (opened.count > 1 && opened.count >= this.#least) tell(opened.count);
      },
      true,
    );
    return true;
  }
}
