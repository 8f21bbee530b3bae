import type { CallObserver, Verb } from "../core/observed.ts";
import type { SessionError } from "../errors.ts";
import { type Attributes, type Histogram, type Meter, observed } from "./meter.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

/** The upper bounds of the buckets, in seconds: those of OpenTelemetry's `db.client.operation.duration`, and finer ones. */
export const BOUNDARIES: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const NAME = "micropie.backend.operation.duration";
const DESCRIBED = { description: "How long calls of the session back-end took.", unit: "s" };

/** The calls of one realm with one operation and one outcome. */
export interface Series {
  readonly attributes: Attributes;
  /** One more than there are boundaries. */
  readonly counts: number[];
  count: number;
  sum: number;
}

/** What a metric reader of OpenTelemetry's SDK gets from a `MetricProducer`. */
export interface CollectedDurations {
  readonly resourceMetrics: { resource: never; scopeMetrics: never[] };
  readonly errors: unknown[];
}

type HrTime = [seconds: number, nanoseconds: number];

/** Values of enumerations of the SDK. */
const HISTOGRAM = 0;
const CUMULATIVE = 1;
const DOUBLE = 1;

/**
 * Counts how long calls of the store take, in buckets of its own, and hands them to a metric reader of OpenTelemetry: a
 * `MetricProducer`. Pass it to the reader as one of its `metricProducers`, and to `instrument` as `durations`. Several
 * `instrument` may share one.
 *
 * @example
 * const durations = backendDurations();
 * const reader = new PrometheusExporter({ metricProducers: [durations] });
 */
export function backendDurations(): BackendDurations {
  return new Buckets();
}

/** See `backendDurations`. */
export interface BackendDurations {
  /** For readers: returns all calls since it was made. */
  collect(): Promise<CollectedDurations>;
}

export class Buckets implements BackendDurations {
  readonly #start = timeNow();
  /** Who measures calls, and lists those of each operation and outcome. */
  readonly from: Set<CallTimes> = new Set();

  async collect(): Promise<CollectedDurations> {
    const times = { startTime: this.#start, endTime: timeNow() };
    const buckets = (counts: readonly number[]) => ({ boundaries: [...BOUNDARIES], counts: [...counts] });
    const series = [...this.from].flatMap(({ all }) => all);
    const dataPoints = series.map(({ attributes, counts, count, sum }) => ({
      ...times,
      attributes,
      value: { buckets: buckets(counts), count, sum },
    }));
    const metric = {
      descriptor: { name: NAME, ...DESCRIBED, type: "HISTOGRAM", valueType: DOUBLE, advice: {} },
      aggregationTemporality: CUMULATIVE,
      dataPointType: HISTOGRAM,
      dataPoints,
    };
    const scopeMetrics = series.length === 0 ? [] : [{ scope: { name: "micropie" }, metrics: [metric] }];
    return { resourceMetrics: { resource: undefined, scopeMetrics } as never, errors: [] };
  }
}

/** Measures each call of the back-end. */
export class CallTimes implements CallObserver {
  readonly #realm: string;
  readonly #histogram: Histogram | undefined;
  readonly #series = new Map<Verb, Map<Outcome, Series>>();
  /** Those that there were calls of. */
  readonly all: Series[] = [];

  /** With a histogram of a meter, that gets each call too. */
  constructor(realm: string, histogram: Histogram | undefined) {
    this.#realm = realm;
    this.#histogram = histogram;
  }

  begin(): number {
    return performance.now();
  }

  end(begun: unknown, verb: Verb, _: readonly unknown[], answer: unknown, error?: SessionError): void {
    const seconds = (performance.now() - (begun as number)) / 1000;
    const outcome = outcomeOf(verb, answer, error);
    const series = this.#series.get(verb)?.get(outcome) ?? this.#made(verb, outcome, error);
    let bucket = 0;
    while (seconds > BOUNDARIES[bucket]!) bucket++;
    series.counts[bucket]! += 1;
    series.count += 1;
    series.sum += seconds;
    this.#histogram?.record(seconds, series.attributes);
  }

  #made(verb: Verb, outcome: Outcome, error: SessionError | undefined): Series {
    const attributes = {
      "micropie.realm": this.#realm,
      "micropie.backend.operation": verb,
      "micropie.backend.outcome": outcome,
      ...(error !== undefined && { "error.type": error.code }),
    };
    const made = { attributes, counts: new Array(BOUNDARIES.length + 1).fill(0), count: 0, sum: 0 };
    const ofVerb = this.#series.get(verb) ?? new Map<Outcome, Series>();
    this.#series.set(verb, ofVerb.set(outcome, made));
    this.all.push(made);
    return made;
  }
}

/** Returns a histogram of the meter for the same. */
export function histogramOf(meter: Meter): Histogram {
  const advice = { explicitBucketBoundaries: [...BOUNDARIES] };
  return meter.createHistogram(NAME, { ...DESCRIBED, advice });
}

/** Tells `meter` how many calls there were, and how long all of them took, when it collects. Returns functions that end it. */
export function observeTimes({ all }: CallTimes, meter: Meter): (() => void)[] {
  const operations = meter.createObservableCounter("micropie.backend.operations", {
    unit: "{operation}",
    description: "Calls of the session back-end.",
  });
  const time = meter.createObservableCounter("micropie.backend.operation.time", {
    unit: "s",
    description: "How long all calls of the session back-end took together.",
  });
  return [
    observed(operations, (result) => {
      for (const { count, attributes } of all) result.observe(count, attributes);
    }),
    observed(time, (result) => {
      for (const { sum, attributes } of all) result.observe(sum, attributes);
    }),
  ];
}

function timeNow(): HrTime {
  const milliseconds = Date.now();
  return [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1_000_000];
}
