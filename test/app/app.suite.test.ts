import { App, type AppOptions, html, reply } from "micropie";
import { type AdapterSuiteOptions, adapterSuite, type Demo, type DemoData } from "micropie/testing";
import { describe, test } from "vitest";
import { callCases } from "../adapters/_option-cases.ts";
import type { MountOptions, OptionDemo, StartMounted } from "../adapters/_option-site.ts";

const ways: Record<string, (visits: number) => unknown> = {
  "/way/text": (visits) => `${visits}`,
  "/way/html": (visits) => html`<p>${visits}</p>`,
  "/way/object": (visits) => ({ visits }),
  "/way/array": (visits) => [visits],
  "/way/bytes": (visits) => new Uint8Array(visits),
  "/way/reply": (visits) => reply(201, `${visits}`, { "x-a": "1" }),
  "/way/nothing": () => undefined,
  "/way/response": (visits) => new Response(`${visits}`),
  "/way/readable": (visits) => new Blob([`${visits}`]).stream(),
  "/way/generator": function* (visits) {
    yield `${visits}`;
  },
};

class DemoApp extends App<DemoData> {
  #demo: Demo;

  constructor(demo: Demo, options: ConstructorParameters<typeof App<DemoData>>[0]) {
    super(options);
    this.#demo = demo;
  }

  async index(_first = "", _second = ""): Promise<unknown> {
    const { request } = this;
    const way = ways[request.path];
    if (way === undefined) {
      const { status, headers, body } = await this.#demo(request);
      return reply(status, body, headers);
    }
    request.session.visits = (request.session.visits ?? 0) + 1;
    return way(request.session.visits);
  }
}

const start: AdapterSuiteOptions["start"] = (sessions, demo) =>
  new DemoApp(demo, { sessions }).serve({
    port: 0,
    hostname: "127.0.0.1",
    signals: false,
    shutdownTimeout: 0,
  });

/** The calls of the option cases: App has options of its own. */
class CallsApp extends App<DemoData> {
  #demo: OptionDemo;

  constructor(demo: OptionDemo, options: ConstructorParameters<typeof App<DemoData>>[0]) {
    super(options);
    this.#demo = demo;
  }

  async index(..._path: string[]): Promise<unknown> {
    const { request } = this;
    const { status, headers, body } = await this.#demo({
      path: request.path,
      session: () => request.session,
    });
    return reply(status, body, headers);
  }
}

/** Its options of the same names. */
function guardsOf({ csrf = true, signIn }: MountOptions): Pick<AppOptions, "csrf" | "signIn"> {
  return { csrf, signIn };
}

const serveCalls: StartMounted = ([mount], demo) =>
  new CallsApp(demo, { sessions: mount!.sessions, ...guardsOf(mount!.options) }).serve({
    port: 0,
    hostname: "127.0.0.1",
    signals: false,
    shutdownTimeout: 0,
  });

describe("calls in App", () => {
  for (const { name, run } of callCases(serveCalls)) test(name, run);
});

describe("App", () => {
  for (const { name, run } of adapterSuite({ start, ways: Object.keys(ways) })) test(name, run);
});
