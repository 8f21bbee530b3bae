import { adapterSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { demoApp, mountedApp, servers, WAYS } from "./_h3-app.ts";
import { optionCases } from "./_option-cases.ts";

describe.each(Object.entries(servers))("h3Sessions on %s", (_, serve) => {
  describe("suite", () => {
    const suite = adapterSuite({ start: (sessions, demo) => serve(demoApp(sessions, demo)), ways: WAYS });
    for (const { name, run } of suite) test(name, run);
  });

  describe("options", () => {
    const cases = optionCases((mounts, demo) => serve(mountedApp(mounts, demo)));
    for (const { name, run } of cases) test(name, run);
  });
});
