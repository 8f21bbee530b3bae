import type { Awaitable } from "../backends/backend.ts";
import { InMemorySessionBackend } from "../backends/memory.ts";
import { createSessions, type Sessions } from "../core/sessions.ts";
import { answerCases, answeredErrorCases } from "./adapter-cases/answer.ts";
import { deviceCases } from "./adapter-cases/device.ts";
import { freshCases } from "./adapter-cases/fresh.ts";
import { outageCases } from "./adapter-cases/outage.ts";
import { overlapCases } from "./adapter-cases/overlap.ts";
import { assignCases, visitCases } from "./adapter-cases/visit.ts";
import { virtualEnvironment, withClock } from "./clock.ts";
import { type Demo, type DemoData, demoSite } from "./demo.ts";
import { retold } from "./failure.ts";
import { GatedBackend } from "./gated-backend.ts";
import { HttpBrowser } from "./http-browser.ts";
import type { Site, SiteCase } from "./site.ts";
import { inTime, type SuiteCase } from "./suite-case.ts";
import { Transcript } from "./transcript.ts";

export interface AdapterSuiteOptions {
  /**
   * Serves the demonstration application over HTTP through the adapter, and answers where. Give each request's path
   * and session to `demo`, and answer what it answers, streams part by part.
   */
  start(sessions: Sessions<DemoData>, demo: Demo): Awaitable<RunningSite>;
  /**
   * Paths of further routes that `start` has added beside `demo`, each of which counts in `session.visits` and then
   * responds in another way that the framework has. The cases that hold or fail the save run for them too.
   */
  ways?: readonly string[] | undefined;
  /**
   * Set if what a handler throws goes on to a caller that the adapter knows nothing of, and that answers without it.
   * Then no cookie can go with such an answer.
   */
  passesErrorsOn?: boolean | undefined;
  /** Set to false if a handler gets its session as an argument, so that nothing can be assigned to it. Default true. */
  assigns?: boolean | undefined;
  /** Set to false if neither the framework nor its request says where a request came from. Default true. */
  knowsAddress?: boolean | undefined;
}

/** A server that listens. */
export interface RunningSite {
  /** Such as `http://localhost:12345`. */
  readonly url: string;
  close(): Awaitable<unknown>;
}

/** Ways of responding that the application itself has; each counts in `session.visits`. */
const WAYS = ["/count", "/large", "/redirect", "/empty", "/not-modified", "/stream", "/own-cookies"];

/**
 * What an adapter must do, over real HTTP, as cases for any test runner:
 *
 *     for (const { name, run } of adapterSuite({ start })) test(name, run);
 */
export function adapterSuite(options: AdapterSuiteOptions): SuiteCase[] {
  const ways = [...WAYS, ...(options.ways ?? [])];
  const cases: readonly SiteCase[] = [
    ...visitCases,
    ...(options.assigns === false ? [] : assignCases),
    ...answerCases(ways),
    ...(options.passesErrorsOn ? [] : answeredErrorCases),
    ...deviceCases(options.knowsAddress !== false),
    ...overlapCases,
    ...freshCases,
    ...outageCases(ways),
  ];
  return cases.map(({ promise, name, run }) => ({
    promise,
    name: `${promise}: ${name}`,
    run() {
      const transcript = new Transcript();
      return retold(inTime(onSite(options, run, transcript)), { promise, name }, transcript, reading);
    },
  }));
}

function reading(_: readonly string[], promise: string): string {
  return `See "Your own" in docs/adapters.md, and ${promise} in docs/guarantees.md.`;
}

async function onSite(
  options: AdapterSuiteOptions,
  run: (site: Site) => Promise<void>,
  transcript: Transcript,
): Promise<void> {
  const clock = virtualEnvironment();
  const store = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
  // No case is about these limits, and on a busy machine fifty requests at once take their time.
  const sessions = createSessions<DemoData>({ backend: store, backendTimeout: 60, lock: { wait: 60 } });
  const { demo, slow, stream } = demoSite();
  const { url, close } = await options.start(sessions, demo);
  const site: Site = {
    store,
    clock,
    sessions,
    slow,
    stream,
    browser: (cookie) => new HttpBrowser(url, cookie, transcript),
    async visitor() {
      const visitor = new HttpBrowser(url, undefined, transcript);
      await visitor.get("/count");
      return visitor;
    },
  };
  try {
    await run(site);
  } finally {
    store.mend();
    slow.open();
    stream.open();
    await close();
    await sessions.close();
  }
}
