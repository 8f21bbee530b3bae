import { adapterSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { demoApp, mountedApp, serveElysia, WAYS } from "./_elysia-app.ts";
import { optionCases } from "./_option-cases.ts";

describe("elysiaSessions", () => {
  describe("suite", () => {
    const suite = adapterSuite({
      start: (sessions, demo) => serveElysia(demoApp(sessions, demo)),
      ways: WAYS,
    });
    for (const { name, run } of suite) test(name, run);
  });

  describe("options", () => {
    const cases = optionCases((mounts, demo) => serveElysia(mountedApp(mounts, demo)));
    for (const { name, run } of cases) test(name, run);
  });
});
