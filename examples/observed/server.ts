import { createServer } from "node:http";
import { trace } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { createSessions, info, login, logout, update } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { backendDurations, instrument } from "micropie/otel";
import { recordEvents } from "micropie/recorder";

const sessions = createSessions<{ visits: number }>({ logger: console });
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}

// Why somebody was logged out.
const recorder = recordEvents(sessions);

// What Prometheus scrapes: http://localhost:9464/metrics
const durations = backendDurations();
const metricsPort = Number(process.env.METRICS_PORT ?? 9464);
const reader = new PrometheusExporter({ host: "127.0.0.1", port: metricsPort, metricProducers: [durations] });
const provider = new MeterProvider({ readers: [reader] });

instrument(sessions, {
  meter: provider.getMeter("micropie"),
  durations,
  tracer: trace.getTracer("micropie"), // spans, as soon as the application has a tracer provider
});

const serve = nodeSessions(sessions, async (req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
  if (pathname === "/login") login(req.session, searchParams.get("user") ?? "ann");
  if (pathname === "/logout") logout(req.session);
  if (pathname === "/why") {
    // For operators: protect it.
    res.end((await recorder.explain(searchParams.get("handle") ?? "")).text);
    return;
  }
  if (pathname === "/") await update(req.session, "visits", (visits = 0) => visits + 1);
  const { handle = "none", userId = "nobody" } = info(req.session);
  res.end(`Session ${handle}, ${userId} is signed in.\n`);
});

const port = Number(process.env.PORT ?? 3000);
createServer(serve).listen(port, () => {
  console.log(`http://localhost:${port}: visit /, /login?user=ann, /logout and /why?handle=…`);
  console.log(`http://localhost:${metricsPort}/metrics: what Prometheus scrapes. Ctrl+C ends it.`);
});
