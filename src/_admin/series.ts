import { BOUNDARIES } from "../_otel/durations.ts";
import type { Sample } from "./history.ts";

/** One line or one kind of bar of a chart: a value for each interval, undefined where nothing is known. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

/** Returns a value at the end of each interval. */
export function gauge(samples: readonly Sample[], name: string, key: string): Series {
  return { name, values: samples.slice(1).map(({ values }) => values.get(key)) };
}

/** Returns how many there were in a minute, in each interval. */
export function perMinute(
  samples: readonly Sample[],
  name: string,
  count: (sample: Sample) => number,
): Series {
  return {
    name,
    values: intervals(samples, (from, to) => ((count(to) - count(from)) * 60) / lasted(from, to)),
  };
}

/** Returns how many there were in all of it. */
export function total(samples: readonly Sample[], count: (sample: Sample) => number): number {
  return samples.length === 0 ? 0 : count(samples.at(-1)!) - count(samples[0]!);
}

/** Returns a function that returns a counter of a sample. */
export function counter(...keys: readonly string[]): (sample: Sample) => number {
  return ({ values }) => keys.reduce((sum, key) => sum + (values.get(key) ?? 0), 0);
}

/** Returns within how many milliseconds this part of the calls of the store was answered; undefined without calls. */
export function latency(samples: readonly Sample[], name: string, part: number): Series {
  return { name, values: intervals(samples, (from, to) => quantile(between(from, to), part)) };
}

/** Returns the same for all of it. */
export function latencyOver(samples: readonly Sample[], part: number): number | undefined {
  return samples.length < 2 ? undefined : quantile(between(samples[0]!, samples.at(-1)!), part);
}

function intervals<R>(samples: readonly Sample[], of: (from: Sample, to: Sample) => R): R[] {
  return samples.slice(1).map((to, index) => of(samples[index]!, to));
}

/** A sample of this moment may be as old as the one before. */
function lasted(from: Sample, to: Sample): number {
  return Math.max(to.at - from.at, 1);
}

function between(from: Sample, to: Sample): number[] {
  return to.buckets.map((count, index) => count - (from.buckets[index] ?? 0));
}

/** Within its bucket, a value is taken to be evenly likely. */
function quantile(buckets: readonly number[], part: number): number | undefined {
  const all = buckets.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let left = all * part;
  const index = buckets.findIndex((count) => {
    if (left <= count && count > 0) return true;
    left -= count;
    return false;
  });
  const at = index === -1 ? buckets.length - 1 : index;
  const lower = at === 0 ? 0 : BOUNDARIES[at - 1]!;
  const upper = BOUNDARIES[at] ?? lower;
  return (lower + (upper - lower) * (left / (buckets[at] || 1))) * 1000;
}
