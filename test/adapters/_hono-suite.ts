import type { Hono } from "hono";
import { adapterSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { demoApp, mountedApp, servers, WAYS } from "./_hono-app.ts";
import { optionCases } from "./_option-cases.ts";

/** The adapter suite and the options, on one of the servers for a Hono application. */
export function honoSuite(on: keyof typeof servers): void {
  const start = (app: unknown) => servers[on](app as Hono<never>);
  describe(`honoSessions on ${on}`, () => {
    describe("suite", () => {
      const suite = adapterSuite({ start: (sessions, demo) => start(demoApp(sessions, demo)), ways: WAYS });
      for (const { name, run } of suite) test(name, run);
    });

    describe("options", () => {
      const cases = optionCases((mounts, demo) => start(mountedApp(mounts, demo)));
      for (const { name, run } of cases) test(name, run);
    });
  });
}
