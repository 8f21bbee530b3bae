import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createSessions } from "micropie";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const inFolder = (folder: string) => readdirSync(join(root, folder)).map((name) => join(folder, name));
const pages = [".", "docs", "docs/adapters", "docs/backends", "docs/decisions", "docs/recipes", "examples"]
  .flatMap(inFolder)
  .filter((path) => path.endsWith(".md"));

/** What the short code blocks take for granted. */
const CONTEXT = `
import type { App, AppOptions, Session, SessionData, Sessions, SessionBackend } from "micropie";
declare global {
  interface Data { name: string; cart: string[]; visits: number; notice: string }
  const session: Session<Data>;
  const sessions: Sessions<Data>;
  const user: { id: string };
  const handle: string;
  const MyApp: new (options?: AppOptions) => App;
  const MyBackend: new () => SessionBackend;
  function pay(cart: string[]): Promise<void>;
  function getSessionFromDb(id: string): Promise<SessionData | undefined>;
  function saveSessionToDb(id: string, data: SessionData, timeout: number): Promise<void>;
}
`;

interface Block {
  /** The file that it is said to be a part of. */
  readonly from: string | undefined;
  readonly code: string;
}

function blocksOf(page: string): Block[] {
  const blocks = read(page).matchAll(/(?:<!-- from (\S+) -->\s*)?```ts\n([\s\S]*?)```/g);
  return Array.from(blocks, ([, from, code]) => ({ from, code: code! }));
}

/** GitHub's name for a heading. */
function anchorOf(heading: string): string {
  return heading
    .replace(/`|\*|\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, "")
    .trim()
    .replace(/ /g, "-");
}

test.each(pages)("every link of %s leads somewhere", (page) => {
  const dead: string[] = [];
  for (const [, target = ""] of read(page)
    .replace(/```[\s\S]*?```/g, "")
    .matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    const [path, anchor] = target.split("#");
    const file = path === "" ? join(root, page) : resolve(root, dirname(page), path!);
    if (!existsSync(file)) dead.push(target);
    else if (anchor) {
      const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
      if (!Array.from(headings, ([, heading]) => anchorOf(heading!)).includes(anchor)) dead.push(target);
    }
  }
  expect(dead).toEqual([]);
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
  const folder = join(root, ".tmp/docs");

  test("those from a file are parts of it", () => {
    for (const page of pages) {
      for (const { from, code } of blocksOf(page)) {
        if (from !== undefined) expect(read(from), `${page}: ${from}`).toContain(code);
      }
    }
  });

  test("all of them compile", async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "context.d.ts"), CONTEXT);
    for (const page of pages) {
      blocksOf(page).forEach(({ from, code }, index) => {
        const name = page.replace(/\W+/g, "-");
        if (from === undefined)
          writeFileSync(join(folder, `${name}-${index + 1}.ts`), `${code}\nexport {};\n`);
      });
    }
    const compilerOptions = {
      noUnusedLocals: false,
      noImplicitOverride: false,
    };
    const fromFolder = (path: string) => relative(folder, join(root, path));
    const config = {
      extends: fromFolder("tsconfig.json"),
      compilerOptions,
      include: [".", ...["examples", "test/backends/_workers/cloudflare.d.ts"].map(fromFolder)],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/.bin/tsc");
    const run = promisify(execFile)(process.execPath, [tsc, "-p", folder], { cwd: root });
    const output = await run.then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(output).toBe("");
  });

  test("the first program of the README counts visits", async () => {
    const { default: app } = await import(pathToFileURL(join(folder, "README-md-1.ts")).href);
    const first: Response = await app.fetch(new Request("http://localhost/"));
    expect(await first.text()).toBe("You have visited 1 times.");
    const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
    const second: Response = await app.fetch(new Request("http://localhost/", { headers: { cookie } }));
    expect(await second.text()).toBe("You have visited 2 times.");
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
