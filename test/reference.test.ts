import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as micropie from "micropie";
import { expect, onTestFinished, test } from "vitest";
import { ensureDist } from "./_command.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(root, "docs/reference.md"), "utf8");

test("docs/reference.md is what npm run reference makes of the source", () => {
  ensureDist();
  const folder = mkdtempSync(join(tmpdir(), "micropie-reference-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const made = join(folder, "reference.md");
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/reference.js"), made], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(readFileSync(made, "utf8") === page, "Run npm run reference").toBe(true);
});

test("there are at most 30 public values, each on the page with one example", () => {
  const names = Object.keys(micropie);
  expect(names.length).toBeLessThanOrEqual(30);
  const sections = page.split("\n### ").slice(1);
  expect(sections.map((section) => section.slice(1, section.indexOf("`", 1))).sort()).toEqual(names.sort());
  for (const section of sections) expect(section.match(/```ts\n/g)).toHaveLength(1);
});
