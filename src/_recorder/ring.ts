/** The last of what was put into it, up to a number. */
export class Ring<T> {
  readonly #most: number;
  readonly #all: T[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Puts one in, in the place of the oldest if it is full. */
  add(one: T): void {
    this.#all[this.#next] = one;
    this.#next = (this.#next + 1) % this.#most;
  }

  /** Returns those that are meant, in any order. */
  filter(isMeant: (one: T) => boolean): T[] {
    return this.#all.filter(isMeant);
  }
}
