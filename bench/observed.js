/**
 * `npm run observed`: what metrics, traces and the recorder cost a request, on sessions in memory and OpenTelemetry's own
 * SDK. In each round all ways take turns; of each way the least and the median over the rounds, in ns a request. See README.md.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createSessions, login } from "micropie";
import { backendDurations, instrument } from "micropie/otel";
import { recordEvents } from "micropie/recorder";

const ROUNDS = 15;
const REQUESTS = 40_000;
const packages = new URL("../examples/observed/", import.meta.url);
if (!existsSync(new URL("node_modules", packages)))
  throw new Error("First: npm ci --prefix examples/observed --ignore-scripts");
const load = createRequire(packages);
const { MeterProvider } = load("@opentelemetry/sdk-metrics");
const { PrometheusExporter } = load("@opentelemetry/exporter-prometheus");
const { TracerProvider } = load("@opentelemetry/sdk-trace");

function withMeter(sessions, more = {}) {
  const durations = backendDurations();
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers: [durations] });
  const meter = new MeterProvider({ readers: [reader] }).getMeter("micropie");
  instrument(sessions, { meter, durations, countEvery: false, ...more });
}

const WAYS = {
  off: () => {},
  "off, again": () => {},
  "metrics, with durations": (sessions) => withMeter(sessions),
  'metrics, durations: "meter"': (sessions) => withMeter(sessions, { durations: "meter" }),
  "spans, of a provider that samples none": (sessions) =>
    instrument(sessions, { tracer: new TracerProvider({ sampler: none }).getTracer("micropie") }),
  recorder: (sessions) => recordEvents(sessions),
  "metrics and recorder": (sessions) => {
    withMeter(sessions);
    recordEvents(sessions);
  },
};
const none = new (load("@opentelemetry/sdk-trace").AlwaysOffSampler)();

const sides = Object.entries(WAYS).map(([name, observe]) => {
  const sessions = createSessions();
  observe(sessions);
  const session = sessions.load(undefined);
  session.visits = 0;
  login(session, "ann");
  const cookie = sessions.commit(session).split(";")[0];
  return { name, sessions, cookie, reads: [], counts: [] };
});

/** The same functions for every way, so that none is compiled for one alone. */
const REQUEST = {
  reads({ sessions, cookie }) {
    const session = sessions.load(cookie);
    sessions.commit(session);
  },
  counts({ sessions, cookie }) {
    const session = sessions.load(cookie);
    session.visits += 1;
    sessions.commit(session);
  },
};

for (let round = -2; round < ROUNDS; round++) {
  for (const kind of ["reads", "counts"]) {
    const turns = round % 2 === 0 ? sides : sides.toReversed();
    for (const side of turns) {
      const start = process.hrtime.bigint();
      for (let n = 0; n < REQUESTS; n++) REQUEST[kind](side);
      const each = Number(process.hrtime.bigint() - start) / REQUESTS;
      if (round >= 0) side[kind].push(each);
    }
  }
}

const least = (all) => Math.min(...all);
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const [off] = sides;
console.log("ns a request, and more than without: the least and the median of each round's difference\n");
for (const kind of ["reads", "counts"]) {
  for (const side of sides) {
    const more = side[kind].map((each, round) => each - off[kind][round]);
    const lowest = least(side[kind]) - least(off[kind]);
    console.log(
      `${kind.padEnd(7)} ${side.name.padEnd(40)} ${least(side[kind]).toFixed(0).padStart(6)} ${median(side[kind]).toFixed(0).padStart(6)}   +${lowest.toFixed(0)} +${median(more).toFixed(0)}`,
    );
  }
}
