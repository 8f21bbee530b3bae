import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { InstrumentOptions } from "micropie/otel";
import { install } from "../_install.ts";

type Meter = NonNullable<InstrumentOptions["meter"]>;
type Tracer = NonNullable<InstrumentOptions["tracer"]>;

/** What a metric reader collects of one metric. */
export interface Collected {
  readonly descriptor: { readonly name: string; readonly unit: string; readonly description: string };
  readonly dataPoints: readonly { readonly attributes: Record<string, string>; readonly value: unknown }[];
}

interface Reader {
  collect(): Promise<{
    readonly resourceMetrics: {
      readonly scopeMetrics: readonly { readonly metrics: readonly Collected[] }[];
    };
    readonly errors: readonly unknown[];
  }>;
}

interface FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Record<string, unknown>;
  readonly status: { readonly code: number; readonly message?: string };
  readonly parentSpanContext?: { readonly spanId: string };
  spanContext(): { readonly spanId: string };
}

interface Api {
  readonly context: {
    active(): object;
    with<T>(context: object, run: () => T): T;
    setGlobalContextManager(manager: object): boolean;
    disable(): void;
  };
  readonly trace: { setSpan(context: object, span: object): object };
}

interface Sdk {
  readonly api: Api;
  readonly PrometheusExporter: new (options: object) => Reader;
  readonly MeterProvider: new (options: { readers: readonly Reader[] }) => { getMeter(name: string): Meter };
  readonly trace: {
    readonly TracerProvider: new (
      options: object,
    ) => { getTracer(name: string): Tracer; forceFlush(): Promise<void> };
    readonly SimpleSpanProcessor: new (exporter: object) => object;
    readonly InMemorySpanExporter: new () => { getFinishedSpans(): FinishedSpan[] };
  };
  readonly AsyncLocalStorageContextManager: new () => { enable(): object };
}

const folder = new URL("../../examples/observed/", import.meta.url);

/** Returns OpenTelemetry's API and SDK, as the example has them; installs its packages if they are not there. */
export async function openTelemetry(): Promise<Sdk> {
  await install(folder, () => existsSync(new URL("node_modules/@opentelemetry/sdk-metrics", folder)));
  const load = createRequire(folder);
  return {
    api: load("@opentelemetry/api"),
    PrometheusExporter: load("@opentelemetry/exporter-prometheus").PrometheusExporter,
    MeterProvider: load("@opentelemetry/sdk-metrics").MeterProvider,
    trace: load("@opentelemetry/sdk-trace"),
    AsyncLocalStorageContextManager: load("@opentelemetry/context-async-hooks")
      .AsyncLocalStorageContextManager,
  };
}
