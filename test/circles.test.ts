import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CIRCLES, ISOLATED } from "./circles.ts";

const cwd = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(`${cwd}/${path}`, "utf8");
const exclude = (path: string) => path.includes("node_modules");
const all = globSync("test/**/*.test.ts", { cwd, exclude });
const outer = Object.entries(CIRCLES).flatMap(([circle, globs]) =>
  globs.flatMap((glob) => globSync(glob, { cwd, exclude }).map((path) => ({ circle, glob, path }))),
);

test("each test file belongs to one circle", () => {
  const twice = outer.filter(({ path }, index) => outer.findIndex((other) => other.path === path) !== index);
  expect(twice).toEqual([]);
});

test("each glob of the isolated test files matches one of the base circle", () => {
  const paths = (glob: string) => globSync(glob, { cwd, exclude });
  const isBase = (path: string) => !outer.some((other) => other.path === path);
  expect(ISOLATED.filter((glob) => !paths(glob).some(isBase))).toEqual([]);
});

test("each glob of a circle matches a test file", () => {
  const matched = new Set(outer.map(({ glob }) => glob));
  expect(
    Object.values(CIRCLES)
      .flat()
      .filter((glob) => !matched.has(glob)),
  ).toEqual([]);
});

test("each circle has a script of its own, and a step in .ci/run", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const circle of Object.keys(CIRCLES)) {
    expect(scripts[`test:${circle}`]).toBe(`vitest run --project ${circle}`);
    expect(read(".ci/run")).toMatch(new RegExp(`^tests test:${circle} \\d+$`, "m"));
  }
});

test("no test of the base circle asks for a server, a driver, another runtime or a browser", () => {
  const needs =
    /servers\/on-server\.ts|_drivers\.ts|miniflare\.ts|runtimes\/p(lace|rograms)\.ts|_chromium\.ts/;
  const asking = new Map<string, boolean>();
  const asks = (path: string): boolean => {
    const known = asking.get(path);
    if (known !== undefined) return known;
    asking.set(path, false);
    const imports = Array.from(read(path).matchAll(/(?:from|import)\s*\(?"(\.[^"]+\.ts)"/g), ([, to]) =>
      new URL(to!, `file:///${path}`).pathname.slice(1),
    );
    const does = imports.some((to) => needs.test(to) || (existsSync(`${cwd}/${to}`) && asks(to)));
    asking.set(path, does);
    return does;
  };
  const base = all.filter((path) => !outer.some((other) => other.path === path));
  expect(base.filter(asks)).toEqual([]);
});

test("each promise of the guarantees has a test in the base circle", () => {
  const promises = read("docs/guarantees.md")
    .split(/^- (?=\*\*[A-Z]\d+\*\*)/m)
    .slice(1);
  expect(promises.length).toBeGreaterThan(30);
  const isBase = (path: string) =>
    /^(src\/testing|test\/engine)\//.test(path) ||
    (all.includes(path) && !outer.some((other) => other.path === path));
  const without = promises.filter(
    (text) => !Array.from(text.matchAll(/\]\(\.\.\/([^)]+\.ts)\)/g), ([, path]) => path!).some(isBase),
  );
  expect(without.map((text) => text.slice(0, 40))).toEqual([]);
});
