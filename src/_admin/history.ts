import { countEvents } from "../_otel/counters.ts";
import { CallTimes } from "../_otel/durations.ts";
import { observeCounts } from "../_otel/gauges.ts";
import type { Attributes, Meter, Observable, Observation } from "../_otel/meter.ts";
import type { SessionCount } from "../backends/backend.ts";
import type { Engine } from "../core/live.ts";
import { observe } from "../core/observed.ts";

/** What was counted until a moment. */
export interface Sample {
  /** Seconds since 1970, on the store's clock. */
  readonly at: number;
  /** Counters and gauges, by name, with a space and the reason where there is one. A gauge that is not known is missing. */
  readonly values: ReadonlyMap<string, number>;
  /** Calls of the store that requests make, by how long they took: a number for each bucket. */
  readonly buckets: readonly number[];
  readonly failures: number;
}

/** How far back a chart looks. */
export type Range = "hour" | "day";

/** Seconds between two samples that are kept, and how many of them are. */
const KEPT = { hour: { every: 60, most: 61 }, day: { every: 900, most: 97 } } as const;

/** How long a chart is, in seconds. */
export const LENGTH: Readonly<Record<Range, number>> = { hour: 3600, day: 86_400 };

/** Calls that requests wait for. */
const OF_REQUESTS: ReadonlySet<unknown> = new Set([
  "read",
  "create",
  "patch",
  "touch",
  "delete",
  "lock",
  "relock",
]);

/**
 * A meter that keeps what is told to it in a bounded memory: samples of the last hour, and fewer of the last day. What it is
 * told is what OpenTelemetry is told by `micropie/otel`.
 */
export class History implements Meter {
  /** Since when events are counted. */
  readonly since: number;
  readonly #engine: Engine;
  readonly #instruments: { readonly name: string; readonly asked: Set<(result: Observation) => void> }[] = [];
  readonly #times: CallTimes;
  readonly #kept: Readonly<Record<Range, Sample[]>> = { hour: [], day: [] };
  readonly #stops: (() => void)[];

  /** Counts from now on; `count` is asked every `every` seconds, and never if that is undefined. */
  constructor(engine: Engine, every: number | undefined, count: () => Promise<SessionCount>) {
    this.#engine = engine;
    this.since = engine.backend.now();
    this.#times = new CallTimes(engine.options.realm, undefined);
    const observation = observe(engine, this.#times);
    this.#stops = [...countEvents(engine, this), () => observation[Symbol.dispose]()];
    if (every !== undefined) this.#stops.push(observeCounts(engine, this, every, count));
    this.#keep();
  }

  /** Returns samples, oldest first; the last one is of this moment. */
  samples(range: Range): Sample[] {
    const now = this.#sample();
    const kept = this.#kept[range].filter(({ at }) => at >= now.at - LENGTH[range]);
    // In a few seconds there is too little to make a rate of.
    const last = kept.at(-1);
    if (kept.length > 1 && now.at - last!.at < KEPT[range].every / 2) kept.pop();
    return [...kept, now];
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  createObservableCounter(name: string): Observable {
    return this.#instrument(name);
  }

  createObservableGauge(name: string): Observable {
    return this.#instrument(name);
  }

  createHistogram(): { record(): void } {
    return { record() {} };
  }

  #instrument(name: string): Observable {
    const asked = new Set<(result: Observation) => void>();
    this.#instruments.push({ name, asked });
    return {
      addCallback: (callback) => void asked.add(callback),
      removeCallback: (callback) => void asked.delete(callback),
    };
  }

  #keep(): void {
    const sample = this.#sample();
    for (const range of ["hour", "day"] as const) {
      const { every, most } = KEPT[range];
      const kept = this.#kept[range];
      const last = kept.at(-1);
      if (last !== undefined && sample.at - last.at < every - 1) continue;
      kept.push(sample);
      if (kept.length > most) kept.shift();
    }
    const cancel = this.#engine.environment.timer(KEPT.hour.every, () => this.#next(cancel), true);
    this.#stops.push(cancel);
  }

  #next(over: () => void): void {
    const at = this.#stops.indexOf(over);
    // It was stopped.
    if (at === -1) return;
    this.#stops.splice(at, 1);
    this.#keep();
  }

  #sample(): Sample {
    const values = new Map<string, number>();
    for (const { name, asked } of this.#instruments) {
      const observeValue = (value: number, attributes?: Attributes): void => {
        const reason = Object.entries(attributes ?? {}).find(([key]) => key !== "micropie.realm");
        values.set(reason === undefined ? name : `${name} ${reason[1]}`, value);
      };
      for (const callback of asked) callback({ observe: observeValue });
    }
    return { at: this.#engine.backend.now(), values, ...this.#calls() };
  }

  #calls(): { buckets: number[]; failures: number } {
    const buckets: number[] = [];
    let failures = 0;
    for (const { attributes, counts, count } of this.#times.all) {
      if (/^(failed|timeout)$/.test(String(attributes["micropie.backend.outcome"]))) failures += count;
      if (!OF_REQUESTS.has(attributes["micropie.backend.operation"])) continue;
      for (const [index, each] of counts.entries()) buckets[index] = (buckets[index] ?? 0) + each;
    }
    return { buckets, failures };
  }
}
