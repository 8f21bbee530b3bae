import { createSessions, InMemorySessionBackend, info, login } from "micropie";
import { instrument } from "micropie/otel";
import { browser } from "micropie/testing";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { openTelemetry } from "./_open-telemetry.ts";

interface Data {
  visits: number;
}

const { api, trace, AsyncLocalStorageContextManager } = await openTelemetry();

api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
afterAll(() => api.context.disable());

const ERROR = 2;

/** Sessions whose calls are spans of the real SDK. */
function traced(options: { sessionId?: boolean } = {}) {
  const exporter = new trace.InMemorySpanExporter();
  const provider = new trace.TracerProvider({
    spanProcessors: [new trace.SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("micropie");
  const backend = new InMemorySessionBackend();
  const sessions = createSessions<Data>({ backend });
  const spans = instrument(sessions, { tracer, ...options });
  onTestFinished(() => spans[Symbol.dispose]());
  /** Runs a request in a span of its own, as the instrumentation of a server does; returns the spans within it. */
  const request = async (run: () => Promise<unknown>) => {
    const own = tracer.startSpan("GET /");
    await api.context.with(api.trace.setSpan(api.context.active(), own), run).catch(() => {});
    own.end();
    await provider.forceFlush();
    const all = exporter.getFinishedSpans();
    const { spanId } = all.findLast(({ name }) => name === "GET /")!.spanContext();
    return all.filter(({ parentSpanContext }) => parentSpanContext?.spanId === spanId);
  };
  return { sessions, backend, request, exporter };
}

test("each call of the store is a span under that of its request, with operation and outcome", async () => {
  const { sessions, request } = traced();
  const ann = browser(sessions);
  const first = await request(() => ann.request((session) => login(session, "ann")));
  const second = await request(() => ann.request((session) => Object.assign(session, { visits: 1 })));
  const about = (operation: string) => ({
    "micropie.realm": "session_id",
    "micropie.backend.operation": operation,
    "micropie.backend.outcome": "ok",
  });
  expect(first.map(({ name, attributes }) => [name, attributes])).toEqual([
    ["micropie.backend create", about("create")],
  ]);
  expect(second.map(({ name, attributes }) => [name, attributes])).toEqual([
    ["micropie.backend read", about("read")],
    ["micropie.backend patch", about("patch")],
  ]);
});

test("a span has the handle as session.id only if that is asked for, and never a user or a secret", async () => {
  for (const sessionId of [false, true]) {
    const { sessions, request, exporter } = traced({ sessionId });
    const ann = browser(sessions);
    await request(() => ann.request((session) => login(session, "somebody")));
    const spans = await request(() => ann.request((session) => Object.assign(session, { visits: 1 })));
    await request(() => sessions.revoke({ userId: "somebody" }));
    const { handle = "" } = await ann.request((session) => info(session));
    const [token = ""] = [ann.cookie!.split("=")[1]];
    expect(spans.map(({ attributes }) => attributes["session.id"])).toEqual(
      Array(2).fill(sessionId ? token.slice(0, 16) : undefined),
    );
    expect(handle).toBe("");
    const text = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, status }) => [name, attributes, status]),
    );
    expect(text).not.toContain("somebody");
    expect(text).not.toContain(token.slice(16));
  }
});

test("a call that fails is a span with an error, and its message has nothing of the driver's data", async () => {
  const { sessions, backend, request } = traced();
  const ann = browser(sessions);
  await ann.request((session) => login(session, "ann"));
  backend.read = () => Promise.reject(Object.assign(new Error("down"), { args: ["secret"] })) as never;
  const [span] = await request(() => ann.request(() => {}));
  expect(span).toMatchObject({
    attributes: { "micropie.backend.outcome": "failed", "error.type": "backend_failed" },
    status: { code: ERROR, message: "The session back-end failed at read; see the cause." },
  });
});

test("what no request asks for is no span: pruning, and counting", async () => {
  const { sessions, exporter } = traced();
  await sessions.prune();
  expect(exporter.getFinishedSpans()).toEqual([]);
});
