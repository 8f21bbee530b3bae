import { countEvents } from "./_otel/counters.ts";
import { type BackendDurations, Buckets, CallTimes, histogramOf, observeTimes } from "./_otel/durations.ts";
import { observeCounts } from "./_otel/gauges.ts";
import type { Meter } from "./_otel/meter.ts";
import { CallSpans, type Tracer } from "./_otel/spans.ts";
import { engineOf } from "./core/engine-of.ts";
import { observe } from "./core/observed.ts";
import type { Sessions } from "./core/sessions.ts";
import { type Duration, secondsOf } from "./duration.ts";
import { ConfigError } from "./errors.ts";
import { refuseUnknown } from "./option-names.ts";

export { type BackendDurations, backendDurations, type CollectedDurations } from "./_otel/durations.ts";
export type { Attributes, Description, Histogram, Meter, Observable, Observation } from "./_otel/meter.ts";
export type { Span, Tracer } from "./_otel/spans.ts";

/** Whom to tell what. `Meter` and `Tracer` are those of `@opentelemetry/api`. */
export interface InstrumentOptions {
  /** Gets counters and gauges. Default: none. */
  readonly meter?: Meter | undefined;
  /** Gets a span for each call of the store, under the span that is active. Default: none. */
  readonly tracer?: Tracer | undefined;
  /**
   * A histogram of how long calls of the store take: `backendDurations()`, which the metric reader has as one of its
   * `metricProducers`; or "meter" for one of the meter, which takes several times as long. Default: none, only how many calls
   * there were and how long all of them took.
   */
  readonly durations?: BackendDurations | "meter" | undefined;
  /** Whether spans have the handle of the session as `session.id`. Metrics never have it. Default false. */
  readonly sessionId?: boolean | undefined;
  /** How often the store counts its sessions, for the gauges; false for never. Default 60 s. */
  readonly countEvery?: Duration | false | undefined;
}

/**
 * Tells OpenTelemetry what these sessions do. `using` or dispose ends it. Neither a handle nor a user's id gets into a metric.
 * Throws ConfigError.
 *
 * @example
 * using metrics = instrument(sessions, { meter: provider.getMeter("micropie"), durations });
 */
export function instrument<T extends object>(sessions: Sessions<T>, options: InstrumentOptions): Disposable {
  refuseUnknown(options, ["meter", "tracer", "durations", "sessionId", "countEvery"]);
  const { meter, tracer, durations, sessionId = false, countEvery = 60 } = options;
  if (meter === undefined && tracer === undefined)
    throw new ConfigError("meter", "Pass a meter, a tracer, or both.");
  if (meter !== undefined && typeof meter?.createObservableCounter !== "function")
    throw new ConfigError("meter", 'Pass a Meter of OpenTelemetry, such as metrics.getMeter("micropie").');
  if (tracer !== undefined && typeof tracer?.startSpan !== "function")
    throw new ConfigError("tracer", 'Pass a Tracer of OpenTelemetry, such as trace.getTracer("micropie").');
  if (durations !== undefined && durations !== "meter" && !(durations instanceof Buckets))
    throw new ConfigError(
      "durations",
      'Pass backendDurations(), and the same to the metric reader, or "meter".',
    );
  if (typeof sessionId !== "boolean") throw new ConfigError("sessionId", "Pass true or false.");
  const every = countEvery === false ? undefined : secondsOf("countEvery", countEvery, 60, 1, "wait");
  const engine = engineOf(sessions);
  const stops: (() => void)[] = [];
  const add = (observation: Disposable): void => void stops.push(() => observation[Symbol.dispose]());
  if (meter !== undefined) {
    stops.push(...countEvents(engine, meter));
    const times = new CallTimes(engine.options.realm, durations === "meter" ? histogramOf(meter) : undefined);
    add(observe(engine, times));
    stops.push(...observeTimes(times, meter));
    if (durations instanceof Buckets) {
      durations.from.add(times);
      stops.push(() => durations.from.delete(times));
    }
    if (every !== undefined) stops.push(observeCounts(engine, meter, every, () => sessions.count()));
  }
  if (tracer !== undefined) add(observe(engine, new CallSpans(tracer, engine, sessionId)));
  return {
    [Symbol.dispose]() {
      for (const stop of stops.splice(0)) stop();
    },
  };
}
