import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const names = readdirSync(join(root, "docs/recipes")).map((file) => file.replace(/\.md$/, ""));
const tests = readdirSync(join(root, "test/recipes")).map((file) => read(`test/recipes/${file}`));

test("the table has a line for each recipe", () => {
  const linked = read("docs/recipes.md").matchAll(/\]\(recipes\/([\w-]+)\.md\)/g);
  expect(Array.from(linked, ([, name]) => name).sort()).toEqual(names.sort());
});

test.each(names)("%s is short, shows a part of its program, and is driven by a test", (name) => {
  const page = read(`docs/recipes/${name}.md`);
  expect(page.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
  const [, program] = /^\/\/ part of (examples\/\S+\.ts)$/m.exec(page)!;
  expect(page).toContain(`[${program}](../../${program})`);
  if (program!.startsWith("examples/recipes/"))
    expect(tests.some((text) => text.includes(`test("${name} `))).toBe(true);
});

test("each program of the recipes has its page", () => {
  const shared = ["page", "users"];
  const programs = readdirSync(join(root, "examples/recipes")).map((file) => file.replace(/\.ts$/, ""));
  expect(programs.filter((name) => !shared.includes(name) && !names.includes(name))).toEqual([]);
});
