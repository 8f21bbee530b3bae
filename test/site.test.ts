import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "./_chromium.ts";
import { install } from "./_install.ts";

const root = new URL("../", import.meta.url);
const folder = new URL("site/", root);
const home = "Server-side sessions for TypeScript that stay correct when requests overlap";

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
    const page = await (await browser.newContext(options)).newPage();
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

  test.each(["", "recipes/remember-me.html", "guarantees.html", "compare.html", "performance.html"])(
    "a phone shows /%s without scrolling sideways",
    async (path) => {
      const page = await open(path, {
        viewport: { width: 360, height: 740 },
        isMobile: true,
        hasTouch: true,
      });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    },
  );

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
