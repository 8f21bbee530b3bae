import { adapterSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { demoApp, mountedApp, servers, WAYS } from "./_h3-app.ts";
import { optionCases } from "./_option-cases.ts";

/** The adapter suite and the options, on one of h3's two ways to listen. */
export function h3Suite(on: keyof typeof servers): void {
  const serve = servers[on];
  describe(`h3Sessions on ${on}`, () => {
    describe("suite", () => {
      const suite = adapterSuite({ start: (sessions, demo) => serve(demoApp(sessions, demo)), ways: WAYS });
      for (const { name, run } of suite) test(name, run);
    });

    describe("options", () => {
      const cases = optionCases((mounts, demo) => serve(mountedApp(mounts, demo)));
      for (const { name, run } of cases) test(name, run);
    });
  });
}
