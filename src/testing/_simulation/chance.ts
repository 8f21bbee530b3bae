import { randomFrom } from "../random.ts";

/** The choices of a simulation: a stream of random numbers of its own, which follows from a seed. */
export class Chance {
  /** Returns a number from 0 up to, and not including, 1. */
  readonly next: () => number;

  /** Streams of one seed with other names have nothing to do with each other. */
  constructor(seed: number, stream: number) {
    this.next = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b));
  }

  /** Returns true with this probability. */
  maybe(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Returns a whole number from 0 up to, and not including, `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Picks a key, each as often as its number says. */
  among<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const all = Object.entries(weights) as [K, number][];
    let left = this.next() * all.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of all) {
      left -= weight;
      if (left < 0) return key;
    }
    return all.at(-1)![0];
  }
}
