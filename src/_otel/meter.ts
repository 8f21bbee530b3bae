/*
 * The parts of OpenTelemetry's API that are used, as far as they are: whatever has them will do.
 */

/** Attributes of a measurement or of a span. */
export type Attributes = Record<string, string | number | boolean>;

/** What an instrument is described by. */
export interface Description {
  readonly description: string;
  readonly unit: string;
  readonly advice?: { explicitBucketBoundaries: number[] };
}

/** Takes what is observed. */
export interface Observation {
  observe(value: number, attributes?: Attributes): void;
}

/** An instrument that asks for its values when they are collected. */
export interface Observable {
  addCallback(callback: (result: Observation) => void): void;
  removeCallback(callback: (result: Observation) => void): void;
}

/** A histogram. */
export interface Histogram {
  record(value: number, attributes?: Attributes): void;
}

/** `Meter` of OpenTelemetry. */
export interface Meter {
  createObservableCounter(name: string, description?: Description): Observable;
  createObservableGauge(name: string, description?: Description): Observable;
  createHistogram(name: string, description?: Description): Histogram;
}

/** Returns a function that makes `observable` ask `callback` no more. */
export function observed(observable: Observable, callback: (result: Observation) => void): () => void {
  observable.addCallback(callback);
  return () => observable.removeCallback(callback);
}
