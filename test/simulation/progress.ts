import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Broken, Outcome } from "./player.ts";

interface State {
  readonly seed: number;
  readonly worlds: number;
  readonly size: number;
  readonly store: string | undefined;
  /** The outcome of each piece that was played, by the number of its first world. */
  readonly pieces: Record<string, Pick<Outcome, "worlds" | "requests" | "trace" | "broken">>;
}

/** What has been played so far: in a file, if one is named, so that a run can go on where it was stopped. */
export class Progress {
  readonly #path: string | undefined;
  readonly #state: State;

  constructor(wanted: Omit<State, "pieces">, path?: string) {
    this.#path = path;
    const known =
      path !== undefined && existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as State) : undefined;
    this.#state = known ?? { ...wanted, pieces: {} };
    const { pieces: _, ...had } = this.#state;
    if (JSON.stringify(had) !== JSON.stringify({ ...wanted }))
      throw new Error(`${path} is of another run: ${JSON.stringify(had)}`);
  }

  /** The numbers of the first worlds of the pieces that are still to be played. */
  get left(): number[] {
    const { seed, worlds, size, pieces } = this.#state;
    const all = Array.from({ length: Math.ceil(worlds / size) }, (_, index) => seed + index * size);
    return all.filter((from) => pieces[from] === undefined);
  }

  /** How many worlds the piece has that begins with this one. */
  sizeOf(from: number): number {
    const { seed, worlds, size } = this.#state;
    return Math.min(size, seed + worlds - from);
  }

  done({ from, ...outcome }: Outcome): void {
    this.#state.pieces[from] = outcome;
    if (this.#path !== undefined) writeFileSync(this.#path, JSON.stringify(this.#state));
  }

  get worlds(): number {
    return sum(Object.values(this.#state.pieces).map(({ worlds }) => worlds));
  }

  get requests(): number {
    return sum(Object.values(this.#state.pieces).map(({ requests }) => requests));
  }

  get broken(): Broken[] {
    return Object.values(this.#state.pieces).flatMap(({ broken }) => broken);
  }

  /** The traces of all pieces, in their order. */
  get traces(): string[] {
    return Object.values(this.#state.pieces).map(({ trace }) => trace);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
