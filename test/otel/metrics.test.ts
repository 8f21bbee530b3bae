import {
  createSessions,
  InMemorySessionBackend,
  info,
  login,
  logout,
  rotate,
  type SessionOptions,
} from "micropie";
import { backendDurations, type InstrumentOptions, instrument } from "micropie/otel";
import { type Browser, browser, virtualEnvironment } from "micropie/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Collected, openTelemetry } from "./_open-telemetry.ts";

interface Data {
  visits: number;
}

const { MeterProvider, PrometheusExporter } = await openTelemetry();

/** Sessions that tell a reader of the real SDK. */
function observed(options: SessionOptions<Data> = {}, more: Partial<InstrumentOptions> = {}) {
  const clock = virtualEnvironment();
  const durations = backendDurations();
  const reader = new PrometheusExporter({ preventServerStart: true, metricProducers: [durations] });
  const meter = new MeterProvider({ readers: [reader] }).getMeter("micropie");
  const backend = new InMemorySessionBackend();
  const sessions = createSessions<Data>({ backend, environment: clock, ...options });
  const metrics = instrument(sessions, { meter, durations, countEvery: false, ...more });
  onTestFinished(() => metrics[Symbol.dispose]());
  const collect = async (): Promise<readonly Collected[]> => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics
      .flatMap((scope) => scope.metrics)
      .filter(({ descriptor }) => descriptor.name.startsWith("micropie"));
  };
  /** The values of a metric that are not 0, by the values of its own labels. */
  const values = async (name: string): Promise<Record<string, number>> => {
    const found = (await collect()).find(({ descriptor }) => descriptor.name === name);
    const all = (found?.dataPoints ?? []).map(({ attributes, value }) => {
      const { "micropie.realm": realm, ...labels } = attributes;
      expect(realm).toBe(sessions.options.realm);
      return [Object.values(labels).join(" "), value as number] as const;
    });
    return Object.fromEntries(all.filter(([, value]) => value !== 0));
  };
  return { clock, backend, sessions, metrics, collect, values };
}

const visit = (visitor: Browser<Data>): Promise<unknown> =>
  visitor.request((session) => Object.assign(session, { visits: (session.visits ?? 0) + 1 }));

async function signedIn(
  sessions: ReturnType<typeof observed>["sessions"],
  userId: string,
): Promise<Browser<Data>> {
  const visitor = browser(sessions);
  await visitor.request((session) => login(session, userId));
  return visitor;
}

describe("counters", () => {
  test("count what is created, signed in to and rotated, each once", async () => {
    const { sessions, values } = observed();
    const ann = browser(sessions);
    await visit(ann);
    await ann.request((session) => login(session, "ann"));
    await ann.request((session) => rotate(session));
    await ann.request((session) => rotate(session, "elevated"));
    await signedIn(sessions, "bob");
    expect(await values("micropie.session.created")).toEqual({ "": 2 });
    expect(await values("micropie.session.sign_ins")).toEqual({ "": 2 });
    expect(await values("micropie.session.rotated")).toEqual({ sign_in: 1, rotated: 1, elevated: 1 });
  });

  test("count ends by their reason", async () => {
    const { sessions, values, clock } = observed({ perUser: 2, onReuse: "revoke", timeouts: { idle: "1h" } });
    const out = await signedIn(sessions, "ann");
    await out.request((session) => logout(session));
    const emptied = browser(sessions);
    await visit(emptied);
    await emptied.request((session) => void delete session.visits);
    for (let n = 0; n < 3; n++) await signedIn(sessions, "bob");
    await sessions.revoke({ userId: "bob" });
    const cleo = await signedIn(sessions, "cleo");
    const { handle = "" } = await cleo.request((session) => info(session));
    await sessions.revoke({ handle });
    const dan = await signedIn(sessions, "dan");
    const old = browser(sessions, dan.cookie);
    await dan.request((session) => rotate(session));
    clock.advance(60);
    await old.request(() => {});
    await signedIn(sessions, "eve");
    clock.advance(3700);
    await sessions.prune();
    expect(await values("micropie.session.ended")).toEqual({
      logout: 1,
      emptied: 1,
      limit: 1,
      revoked_all: 2,
      revoked: 1,
      reused: 1,
      expired: 1,
    });
    expect(await values("micropie.session.reused")).toEqual({ "": 1 });
  });

  test("count what may be an attack, and what was lost", async () => {
    const { sessions, values, backend, clock } = observed();
    for (let n = 0; n < 5; n++) await sessions.load(`session_id=${String(n).padStart(48, "a")}`);
    expect(await values("micropie.session.unknown")).toEqual({ "": 5 });
    const ann = browser(sessions);
    await visit(ann);
    const before = browser(sessions, ann.cookie);
    const slow = await ann.begin();
    await ann.request((session) => login(session, "ann"));
    slow.visits = 9;
    await sessions.commit(slow);
    await before.request(() => {});
    await visit(before);
    expect(await values("micropie.session.superseded")).toEqual({ "": 2 });
    expect(await values("micropie.session.discarded")).toEqual({ stale: 1, superseded: 1 });
    clock.advance(60);
    const { handle = "" } = await ann.request((session) => info(session));
    const { epoch, version } = backend.read(handle)!;
    const changes = () => ({ set: new Map<string, string>(), unset: [] });
    backend.patch(handle, { ifEpoch: epoch, baseVersion: version, data: "{half}", changes, idleTimeout: 0 });
    await ann.request(() => {});
    expect(await values("micropie.session.damaged")).toEqual({ "": 1 });
  });

  test("begin with 0 for every reason, so that the first one is a change", async () => {
    const { collect } = observed();
    const ended = (await collect()).find(({ descriptor }) => descriptor.name === "micropie.session.ended");
    expect(ended?.dataPoints.map(({ value }) => value)).toEqual(Array(8).fill(0));
  });
});

describe("calls of the back-end", () => {
  test("are counted by operation and outcome, and their durations are a histogram of the same", async () => {
    const { sessions, values, collect } = observed();
    const ann = browser(sessions);
    await visit(ann);
    await visit(ann);
    await ann.request(() => {});
    await sessions.load(`session_id=${"a".repeat(48)}`);
    const calls = { "create ok": 1, "read ok": 2, "patch ok": 1, "read missing": 1 };
    expect(await values("micropie.backend.operations")).toEqual(calls);
    const all = await collect();
    const histogram = all.find(
      ({ descriptor }) => descriptor.name === "micropie.backend.operation.duration",
    )!;
    expect(histogram.descriptor.unit).toBe("s");
    const points = histogram.dataPoints.map(({ attributes, value }) => {
      const { count, sum, buckets } = value as { count: number; sum: number; buckets: { counts: number[] } };
      expect(buckets.counts.reduce((one, other) => one + other, 0)).toBe(count);
      expect(sum).toBeGreaterThan(0);
      return [`${attributes["micropie.backend.operation"]} ${attributes["micropie.backend.outcome"]}`, count];
    });
    expect(Object.fromEntries(points)).toEqual(calls);
  });

  test("that fail or come too late are told apart, with the error's code", async () => {
    const { sessions, backend, values, clock } = observed({ backendTimeout: 2 });
    const ann = browser(sessions);
    await visit(ann);
    const { read } = backend;
    backend.read = () => {
      throw new Error("gone");
    };
    await expect(ann.request(() => {})).rejects.toThrow(/failed/);
    backend.read = () => new Promise(() => {}) as never;
    const late = ann.request(() => {});
    clock.advance(3);
    await expect(late).rejects.toThrow(/did not answer/);
    backend.read = read;
    expect(await values("micropie.backend.operations")).toEqual({
      "create ok": 1,
      "read failed backend_failed": 1,
      "read timeout backend_timeout": 1,
    });
  });

  test("can be told to a histogram of the meter instead", async () => {
    const { sessions, collect } = observed({}, { durations: "meter" });
    await visit(browser(sessions));
    const [metric, ...others] = (await collect()).filter(({ descriptor }) =>
      descriptor.name.endsWith("duration"),
    );
    expect(metric!.dataPoints.map(({ value }) => (value as { count: number }).count)).toEqual([1]);
    expect(others).toEqual([]);
  });
});

describe("gauges", () => {
  test("tell what the store has counted last, at the interval that was asked for", async () => {
    const { sessions, values, clock } = observed({}, { countEvery: 30 });
    await visit(browser(sessions));
    await signedIn(sessions, "ann");
    await signedIn(sessions, "bob");
    expect(await values("micropie.session.live")).toEqual({});
    clock.advance(31);
    await expect.poll(() => values("micropie.session.live")).toEqual({ "": 3 });
    expect(await values("micropie.session.signed_in")).toEqual({ "": 2 });
    expect(await values("micropie.backend.operations")).toMatchObject({ "countAll ok": 2 });
  });

  test("stay what they were while the store fails to count, and go on when it can", async () => {
    const { sessions, values, clock, backend } = observed({}, { countEvery: 30 });
    await signedIn(sessions, "ann");
    clock.advance(31);
    await expect.poll(() => values("micropie.session.live")).toEqual({ "": 1 });
    const { countAll } = backend;
    backend.countAll = () => {
      throw new Error("gone");
    };
    clock.advance(31);
    const calls = () => values("micropie.backend.operations");
    await expect.poll(calls).toMatchObject({ "countAll failed backend_failed": 1 });
    expect(await values("micropie.session.live")).toEqual({ "": 1 });
    backend.countAll = countAll;
    await signedIn(sessions, "bob");
    clock.advance(31);
    await expect.poll(() => values("micropie.session.live")).toEqual({ "": 2 });
  });

  test("are none if nobody asks for them, or the store cannot count", async () => {
    for (const [backend, more] of [
      [new InMemorySessionBackend(), { countEvery: false as const }],
      [{ load: () => ({}), save: () => {} }, { countEvery: 30 }],
    ] as const) {
      const { values, clock } = observed({ backend }, more);
      for (let n = 0; n < 5; n++) {
        clock.advance(31);
        await Promise.resolve();
      }
      expect(await values("micropie.session.live")).toEqual({});
    }
  });
});

test("names and units are those of OpenTelemetry's conventions, and no metric has a handle or a user's id", async () => {
  const { sessions, collect } = observed();
  const ann = await signedIn(sessions, "somebody");
  await visit(ann);
  const { handle = "" } = await ann.request((session) => info(session));
  const all = await collect();
  expect(all.length).toBeGreaterThan(12);
  for (const { descriptor } of all) {
    // Lower case, dots between words; no plural but of what is counted, and no unit or `total` in the name.
    expect(descriptor.name).toMatch(/^micropie(\.[a-z]+(_[a-z]+)*)+$/);
    expect(descriptor.name).not.toMatch(/total|seconds|count$/);
    expect(descriptor.unit).toMatch(/^(s|\{[a-z]+(_[a-z]+)*\})$/);
    expect(descriptor.description).toMatch(/^[A-Z].*\.$/);
  }
  const text = JSON.stringify(all);
  expect(text).not.toContain("somebody");
  expect(text).not.toContain(handle);
});

test("once disposed it counts no more, and calls of the back-end are not observed", async () => {
  const { sessions, metrics, collect } = observed();
  await visit(browser(sessions));
  metrics[Symbol.dispose]();
  metrics[Symbol.dispose]();
  await visit(browser(sessions));
  const points = (await collect()).flatMap(({ dataPoints }) => dataPoints);
  expect(points).toEqual([]);
});

test("two may observe the same sessions, and each has all of it", async () => {
  const one = observed();
  const meter = new MeterProvider({ readers: [] }).getMeter("other");
  using _ = instrument(one.sessions, { meter, countEvery: false });
  await visit(browser(one.sessions));
  expect(await one.values("micropie.backend.operations")).toEqual({ "create ok": 1 });
});

test("options that are wrong are refused by name", () => {
  const sessions = createSessions<Data>();
  const wrong = (options: object) => () => instrument(sessions, options);
  expect(wrong({})).toThrow(/^meter: Pass a meter, a tracer, or both/);
  expect(wrong({ metre: {} })).toThrow(/^metre: Unknown option\. Did you mean `meter`/);
  expect(wrong({ meter: {} })).toThrow(/^meter: Pass a Meter of OpenTelemetry/);
  expect(wrong({ tracer: {} })).toThrow(/^tracer: Pass a Tracer of OpenTelemetry/);
  const meter = new MeterProvider({ readers: [] }).getMeter("micropie");
  expect(wrong({ meter, durations: {} })).toThrow(/^durations: Pass backendDurations\(\)/);
  expect(wrong({ meter, sessionId: 1 })).toThrow(/^sessionId: Pass true or false/);
  expect(wrong({ meter, countEvery: 60_000 })).toThrow(/^countEvery: Is in seconds/);
});
