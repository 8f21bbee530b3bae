import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openProjects, type Projects } from "../consumers/_project.ts";
import { findPrograms } from "./programs.ts";

const programs = (await findPrograms()).filter(
  ({ runtime, missing }) => runtime === "node" && missing === undefined,
);

let projects: Projects;
beforeAll(async () => {
  projects = await openProjects();
});
afterAll(() => projects.remove());

describe.each(programs)("on $name", ({ name, command }) => {
  test("CommonJS requires every module, and gets the one that is imported", async () => {
    const printed = await projects.run("commonjs", "require", { node: command });
    const found = Object.entries(JSON.parse(printed.split("\n", 1)[0]!) as Record<string, boolean>);
    expect(found.length).toBeGreaterThan(35);
    expect(found.filter(([, isSame]) => !isSame)).toEqual([]);
    // Node 22 warns of its SQLite, and no Node of the `require`.
    expect(printed).not.toMatch(/ES Module|CommonJS/);
  });

  // On the Node of the repository, test/consumers does this.
  const others = command === process.execPath ? [] : ["commonjs", "typescript"];
  test.each(others)("Jest runs the tests of an application: %s", async (project) => {
    expect(await projects.run(project, "test:transformed", { node: command })).toMatch(PASSED);
  });

  // With `require` of an ES module, Jest needs Node 24.9.
  const withFlag = name.startsWith("Node 22") ? ["esm"] : ["commonjs", "esm", "typescript"];
  test.each(others.length > 0 ? withFlag : [])("Jest runs them with the flag: %s", async (project) => {
    expect(await projects.run(project, "test", { node: command })).toMatch(PASSED);
  });
});

const PASSED = /^Tests: +2 passed, 2 total$/m;
