import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { barriersOn } from "./_accessible.ts";
import { hasChromium, launchChromium } from "./_chromium.ts";
import { install } from "./_install.ts";

const root = new URL("../", import.meta.url);
const folder = new URL("site/", root);
const NOT_COPIED = /[\\/](node_modules|dist|\.tmp)([\\/]|$)/;
const home = "Server-side sessions for TypeScript that stay correct when requests overlap";

/** VitePress 1.6 puts the button of a section into another button, and leaves the key "K" out of the search button's name. */
const OF_VITEPRESS = ["nested-interactive", "label-content-name-mismatch"];

function isThere(): boolean {
  const { dependencies } = createRequire(folder)("./package.json") as { dependencies: object };
  return Object.keys(dependencies).every((name) => existsSync(new URL(`node_modules/${name}`, folder)));
}

describe.skipIf(!hasChromium)("the site", () => {
  let server: ChildProcess;
  let browser: Browser;
  let address: string;
  /** What a page asked of another host, was refused, or complained about. */
  const wrong: string[] = [];

  beforeAll(async () => {
    await install(folder, isThere);
    server = spawn(process.execPath, ["scripts/site.js", "--serve", "--port", "0"], {
      cwd: fileURLToPath(root),
    });
    address = await addressOf(server);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.on("request", (request) => {
      if (!/^data:/.test(request.url()) && !request.url().startsWith(address)) wrong.push(request.url());
    });
    page.on("response", (response) => {
      if (response.status() >= 400) wrong.push(`${response.status()} ${response.url()}`);
    });
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") wrong.push(message.text());
    });
    await page.goto(`${address}${path}`, { waitUntil: "networkidle" });
    return page;
  }

  const background = (page: Page) => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");

  test("the home page has the README's opening, and a program for each tab", async () => {
    const page = await open("");
    expect(await page.textContent(".VPHero .tagline")).toContain(home);
    for (const [tab, code] of [
      ["App", "class MyApp extends App"],
      ["Express", "expressSessions(createSessions())"],
      ["Fastify", "fastifySessions(createSessions())"],
      ["Hono", "honoSessions(createSessions())"],
    ] as const) {
      await page.click(`.vp-code-group label:text-is("${tab}")`);
      await expect
        .poll(() => page.textContent(".vp-code-group div[class*=language-].active"))
        .toContain(code);
    }
  });

  test("the home page has the README's table, and its links lead to pages", async () => {
    const page = await open("");
    expect(await page.textContent(".vp-doc table")).toContain(
      "a slow save after a logout signs nobody in again",
    );
    expect(await page.locator(".vp-doc a[href*=README], .vp-doc a[href*=docs]").count()).toBe(0);
    await page.click(".vp-doc >> text=What each did, and the rules");
    await expect.poll(() => page.textContent("h1")).toContain("Compared with other session libraries");
  });

  test("every page has a title, one heading of its own, and a place in the sidebar", async () => {
    const page = await open("guide.html");
    const links = await page.evaluate<string[]>(
      "Array.from(document.querySelectorAll('.VPSidebar a'), (link) => link.pathname)",
    );
    expect(links.toSorted()).toEqual(
      pagesIn("docs")
        .map((path) => `/${path}.html`)
        .toSorted(),
    );
    const texts = await page.locator(".VPSidebar a").allTextContents();
    expect(texts.filter((text) => text.trim() === "")).toEqual([]);
    const wrongPages = links.filter((path) => {
      const html = readFileSync(new URL(`site/dist${path}`, root), "utf8");
      return !/<title>[^<]+ \| micropie<\/title>/.test(html) || html.match(/<h1[ >]/g)?.length !== 1;
    });
    expect(wrongPages).toEqual([]);
  });

  test.each(["", "guide.html", "recipes/your-devices.html"])(
    "/%s is for everybody, light and dark",
    async (path) => {
      for (const colorScheme of ["light", "dark"] as const)
        expect(await barriersOn(await open(path, { colorScheme }), OF_VITEPRESS), colorScheme).toEqual([]);
    },
  );

  test("a recipe has its program, and its place among the sections", async () => {
    const page = await open("recipes/remember-me.html");
    expect(await page.textContent("h1")).toContain("Remember me");
    expect(await page.textContent(".vp-doc pre")).toContain('remember: isChecked && "30d"');
    const sections = await page.locator(".VPSidebarItem.level-0 > .item h2").allTextContents();
    expect(sections).toEqual([
      "Start",
      "Guide",
      "Recipes",
      "Stores",
      "Reference",
      "Guarantees",
      "How it compares",
      "Migrate",
    ]);
  });

  test("a search for remember finds the recipe", async () => {
    const page = await open("guide.html");
    await page.click("#local-search button");
    await page.fill("#localsearch-input", "remember");
    await page.click('.VPLocalSearchBox .result[href*="recipes/remember-me"]');
    await expect.poll(() => page.textContent("h1")).toContain("Remember me");
  });

  test("a file that is no page of the site is named, and no link", async () => {
    const page = await open("guarantees.html");
    expect(await page.textContent('code[title="test/engine"]')).toBe("test/engine");
    expect(await page.locator('.vp-doc a[href*="../"][href$=".ts"]').count()).toBe(0);
  });

  test.each([
    "",
    "recipes/remember-me.html",
    "recipes/your-devices.html",
    "guarantees.html",
    "compare.html",
    "performance.html",
    "reference.html",
    "backends.html",
  ])("a phone shows /%s without scrolling sideways", async (path) => {
    const page = await open(path, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  });

  test("it is dark where the system is, and where the visitor chooses", async () => {
    expect(await background(await open("", { colorScheme: "dark" }))).toBe("rgb(27, 27, 31)");
    const page = await open("", { colorScheme: "light" });
    expect(await background(page)).toBe("rgb(255, 255, 255)");
    await page.click(".VPNavBar .VPSwitchAppearance");
    await expect.poll(() => background(page)).toBe("rgb(27, 27, 31)");
  });

  test("nothing is asked of another host, nothing is missing, and no script fails", () => {
    expect(wrong).toEqual([]);
  });
});

describe("a dead link fails the build of the site:", () => {
  const copy = new URL(".tmp/dead-link/", root);
  beforeAll(async () => {
    await install(folder, isThere);
    rmSync(copy, { recursive: true, force: true });
    for (const path of ["README.md", "site"])
      cpSync(new URL(path, root), new URL(path, copy), {
        recursive: true,
        filter: (from) => !NOT_COPIED.test(from),
      });
    symlinkSync(new URL("node_modules", folder), new URL("site/node_modules", copy), "junction");
    // Pages with the headings that others lead to, and nothing else: a build of them takes seconds.
    cpSync(new URL("docs", root), new URL("docs", copy), {
      recursive: true,
      filter: (from) => !from.includes(".") || from.endsWith(".md"),
    });
    for (const page of pagesIn("docs")) {
      const file = new URL(`docs/${page}.md`, copy);
      const headings = readFileSync(file, "utf8").match(/^#+ .*$/gm)!;
      writeFileSync(file, `${headings.join("\n\n")}\n`);
    }
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const build = (link: string) => {
    const links = `[this](${link}) and [that](https://nobody.invalid/page#part)`;
    writeFileSync(new URL("docs/recipes.md", copy), `# Recipes\n\nSee ${links}.\n`);
    const vitepress = fileURLToPath(new URL("node_modules/vitepress/bin/vitepress.js", folder));
    const site = fileURLToPath(new URL("site", copy));
    return spawnSync(process.execPath, [vitepress, "build", site], {
      encoding: "utf8",
      env: { ...process.env, NODE_ENV: "production" },
    });
  };

  test.each([
    ["a page that is not there", "recipes/nothing.md", "recipes/nothing"],
    ["a heading that is not there", "guide.md#nothing", "guide.html#nothing"],
    ["a file of the repository that is not there", "../examples/nothing.ts", "../examples/nothing.ts"],
  ])("%s", (_, link, named) => {
    const { status, stdout, stderr } = build(link);
    expect(`${stdout}${stderr}`).toContain(named);
    // Links to other hosts are nobody's fault here.
    expect(`${stdout}${stderr}`).not.toContain("nobody.invalid");
    expect(status).toBe(1);
  });
});

/** Returns the pages of a folder and of those in it, without `.md`. */
function pagesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => path.slice(0, -".md".length).replaceAll("\\", "/"));
}

/** Returns the address that the server prints when the site is built. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on("data", (chunk) => {
        printed += chunk;
        const [found] = /http:\/\/localhost:\d+\//.exec(printed) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    server.once("error", reject);
    server.once("exit", (code) =>
      reject(new Error(`The site was not built (exit code ${code}):\n${printed}`)),
    );
  });
}
