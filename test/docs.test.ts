import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createSessions } from "micropie";
import { describe, expect, test } from "vitest";
import { blocksOf, compileBlocks, isTypeScript, read, root } from "./_blocks.ts";
import { FIRST_PARTS } from "./_first-parts.ts";

const inFolder = (folder: string) => readdirSync(join(root, folder)).map((name) => join(folder, name));
const pages = [
  ".",
  "docs",
  "docs/adapters",
  "docs/backends",
  "docs/decisions",
  "docs/recipes",
  "examples",
  "examples/migrate-from-express-session",
]
  .flatMap(inFolder)
  .filter((path) => path.endsWith(".md"));

/** GitHub's name for a heading. */
function anchorOf(heading: string): string {
  return heading
    .replace(/`|\*|\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, "")
    .trim()
    .replace(/ /g, "-");
}

/** Returns the links and pictures of a page that lead nowhere in the repository. Other hosts are not asked. */
function deadLinks(page: string, text: string): string[] {
  const targets = text
    .replace(/```[\s\S]*?```/g, "")
    .matchAll(/\]\((?<link>[^)\s]+)\)|<img [^>]*src="(?<picture>[^"]+)"/g);
  return Array.from(targets, ({ groups }) => groups!.link ?? groups!.picture!).filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [path, anchor] = target.split("#");
    const file = path === "" ? join(root, page) : resolve(root, dirname(page), path!);
    if (!existsSync(file)) return true;
    if (!anchor) return false;
    const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
    return !Array.from(headings, ([, heading]) => anchorOf(heading!)).includes(anchor);
  });
}

test.each(pages)("every link of %s leads somewhere", (page) => {
  expect(deadLinks(page, read(page))).toEqual([]);
});

test("a dead link is found, to a page, a part of a page, a file or a picture", () => {
  const dead = ["nothing.md", "guide.md#nothing", "#nothing", "../examples/nothing.ts", "images/nothing.png"];
  const live = [
    "guide.md",
    "guide.md#types",
    "../examples",
    "images/devices.png",
    "https://nobody.invalid/#part",
  ];
  const text = (targets: string[]) => targets.map((target) => `[a link](${target})`).join(" and ");
  expect(deadLinks("docs/app.md", text([...dead, ...live]))).toEqual(dead);
  expect(
    deadLinks("docs/app.md", `<img src="images/devices.png"> <img width="1" src="images/nothing.png">`),
  ).toEqual(["images/nothing.png"]);
});

test.each(["docs/guarantees.md", "docs/security.md"])("every test that %s names is there", (page) => {
  const missing: string[] = [];
  let named = 0;
  for (const [, path = "", cases = ""] of read(page).matchAll(
    /\]\((\.\.\/[^)]+\.ts)\)((?:[\s,]*“[^”]+”)*)/g,
  )) {
    const file = join("docs", path);
    if (!/^(test|src\/testing)\//.test(file)) continue;
    const text = existsSync(join(root, file)) ? read(file) : "";
    const names = Array.from(cases.matchAll(/“([^”]+)”/g), ([, name]) => name!.replaceAll("\\", ""));
    if (names.length === 0) missing.push(`${file}: no case is named`);
    for (const name of names) {
      named++;
      if (!text.includes(name)) missing.push(`${file}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
  expect(named).toBeGreaterThan(20);
});

describe("code blocks", () => {
  const all = pages.flatMap((page) => blocksOf(page).map((block) => ({ page, ...block })));

  test("each says of which language it is, and none is TypeScript under another name", () => {
    const known = ["diff", "js", "json", "jsonc", "nginx", "sh", "text", "ts", "tsx"];
    const strange = all.filter(({ page, language }) => {
      // The signatures of the reference, which its test compares with the declarations.
      if (page === "docs/reference.md" && language === "typescript") return false;
      return !known.includes(language);
    });
    expect(strange.map(({ page, line, language }) => `${page}:${line} ${language}`)).toEqual([]);
  });

  test("those that say that they are a part of a file are", () => {
    const parts = all.filter(({ partOf }) => partOf !== undefined);
    expect(parts.length).toBeGreaterThan(60);
    for (const { page, line, partOf, code } of parts) {
      expect(existsSync(join(root, partOf!)), `${page}:${line}: ${partOf}`).toBe(true);
      expect(read(partOf!), `${page}:${line}: ${partOf}`).toContain(code);
    }
  });

  test("those that are a whole file of the reader's belong to a project that a test makes", () => {
    const tested = Object.values(FIRST_PARTS).map(({ page }) => page);
    const others = all.filter(
      ({ page, file, language }) => file !== undefined && isTypeScript(language) && !tested.includes(page),
    );
    expect(others.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  test("all others compile alone", async () => {
    // Those of the README have a test of their own (readme.test.ts).
    const others = pages.filter((page) => page !== "README.md");
    const include = ["test/backends/_workers/cloudflare.d.ts"];
    expect(await compileBlocks(join(root, ".tmp/docs"), others, include)).toBe("");
  });
});

test("the guide has every option", () => {
  const guide = read("docs/guide.md");
  const { cookie, ...options } = createSessions().options;
  expect(Object.keys(cookie)).toContain("path");
  for (const name of [...Object.keys(options), "backend", "timeouts.level", "lock.wait", "cookie.path"]) {
    expect(guide).toContain(`\`${name}\``);
  }
});

test("every runtime dependency has its reason", () => {
  const table = read("docs/decisions/012-dependencies.md").matchAll(/^\| `([^`]+)`/gm);
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: object };
  expect(Array.from(table, ([, name]) => name).sort()).toEqual(Object.keys(dependencies).sort());
});

test("pages that are meant to be short are", () => {
  const lines = (page: string) => read(page).trimEnd().split("\n").length;
  expect(lines("AGENTS.md")).toBeLessThanOrEqual(125);
  for (const page of pages)
    if (page.startsWith("docs/decisions/")) expect(lines(page), page).toBeLessThanOrEqual(40);
});
