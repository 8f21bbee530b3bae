import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSessions, InMemorySessionBackend } from "micropie";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { serve } from "srvx";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import account from "../examples/account/app.ts";
import { type Data, webApp } from "../examples/web-app.ts";
import { barriersOn, overflowOf } from "./_accessible.ts";
import { hasChromium, launchChromium } from "./_chromium.ts";
import { ANN, recipe, served } from "./recipes/_recipe.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const images = new URL("../docs/images/", import.meta.url);
/** `npm run screenshots` makes the pictures of the docs anew; fonts differ between machines, so a test compares none. */
const keeps = process.env.npm_lifecycle_event === "screenshots";

const PHONE = { viewport: { width: 390, height: 700 }, isMobile: true, hasTouch: true };
const AGENTS = {
  laptop: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  phone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
  desk: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
};

describe.skipIf(!hasChromium)("the pages of the examples, in a browser", () => {
  let browser: Browser;
  let server: ReturnType<typeof serve>;
  let url: string;

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const sessions = createSessions<Data>({ backend: new InMemorySessionBackend() });
    server = serve({ port: 0, hostname: "localhost", silent: true, fetch: webApp(sessions) });
    await server.ready();
    url = `http://localhost:${new URL(server.url!).port}/`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close(true);
    vi.useRealTimers();
  });

  const open = async (options: BrowserContextOptions = {}, path = url): Promise<Page> => {
    const screen = { viewport: { width: 720, height: 400 }, deviceScaleFactor: 1.5 };
    const context: BrowserContext = await browser.newContext({ ...screen, ...options });
    // An event stream that is open keeps its server from closing.
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(path);
    return page;
  };
  const signIn = async (page: Page, name: string) => {
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(`You are ${name}.`).waitFor();
  };
  /** A browser of this kind, signed in, that looks at its devices. */
  const signedIn = async (name: string, options: BrowserContextOptions): Promise<Page> => {
    const page = await open(options);
    await signIn(page, name);
    await page.getByRole("link", { name: "Your devices" }).click();
    return page;
  };
  const rowsOf = async (page: Page) => {
    await page.goto(`${url}devices`);
    const texts = await page.locator(".devices li").allInnerTexts();
    return texts.map((text) => text.split(/\s*\n\s*/));
  };
  const passMinutes = (minutes: number) => vi.setSystemTime(Date.now() + minutes * 60_000);
  const picture = async (page: Page, name: string) => {
    const png = await page.screenshot({ fullPage: true, animations: "disabled" });
    if (keeps) writeFileSync(new URL(`${name}.png`, images), png);
  };

  test("the first screen says what to try, and has a label for its field", async () => {
    const page = await open();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Try a session");
    expect(await page.locator("header li").count()).toBe(4);
    await page.getByRole("button", { name: "Count" }).click();
    await picture(page, "example");
    expect(await barriersOn(page)).toEqual([]);
    await signIn(page, "ann <b>");
    expect(await barriersOn(page)).toEqual([]);
  });

  test("a user sees the names and times of devices, ends one, and ends all others", async () => {
    const laptop = await signedIn("dora", { userAgent: AGENTS.laptop });
    passMinutes(3 * 60);
    const phone = await signedIn("dora", { ...PHONE, userAgent: AGENTS.phone, colorScheme: "dark" });
    passMinutes(5);
    const desk = await signedIn("dora", { userAgent: AGENTS.desk });
    expect(await rowsOf(desk)).toEqual([
      ["Firefox on Windows", "last seen 3 hours ago", "End this one"],
      ["Safari on iPhone", "last seen 5 minutes ago", "End this one"],
      ["Chrome on macOS", "last seen just now", "this device"],
    ]);
    await picture(desk, "devices");
    expect(await barriersOn(desk)).toEqual([]);
    await phone.reload();
    await picture(phone, "devices-phone-dark");

    const row = desk.locator(".devices li", { hasText: "Firefox on Windows" });
    await row.getByRole("button", { name: "End this one" }).click();
    await expect.poll(() => desk.locator(".devices li").count()).toBe(2);
    expect(await rowsOf(laptop)).toEqual([]);
    await desk.getByRole("button", { name: "End all others" }).click();
    await expect.poll(() => desk.locator(".devices li").count()).toBe(1);
    expect(await desk.getByRole("button", { name: "End all others" }).count()).toBe(0);
    expect(await rowsOf(phone)).toEqual([]);
    expect(await phone.textContent("main")).toContain("Nobody is signed in.");
  });

  test.each(["light", "dark"] as const)(
    "a phone shows all of it without scrolling sideways, %s",
    async (colorScheme) => {
      const page = await open({ ...PHONE, colorScheme });
      const [ground] = await page.evaluate<number[]>(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)",
      );
      expect(ground! < 128).toBe(colorScheme === "dark");
      const name = "a-name-without-any-space-in-it-that-is-longer-than-a-phone-is-wide".repeat(2);
      await signIn(page, name);
      await page.getByRole("button", { name: "Count" }).click();
      expect(await overflowOf(page)).toBe(0);
      expect(await barriersOn(page)).toEqual([]);
      await page.goto(`${url}devices`);
      expect(await overflowOf(page)).toBe(0);
      expect(await barriersOn(page)).toEqual([]);
      if (colorScheme === "light")
        await picture(await open({ ...PHONE, deviceScaleFactor: 1.5 }), "example-phone");
    },
  );

  test("the example account signs in with two factors, names devices, and asks again before a payment", async () => {
    const place = await served(account);
    const openAccount = async (options: BrowserContextOptions): Promise<Page> => {
      const page = await open(options, place);
      expect(await barriersOn(page)).toEqual([]);
      await page.getByLabel("Name").fill(ANN.name);
      await page.getByLabel("Password").fill(ANN.password);
      await page.getByRole("button", { name: "Go on" }).click();
      await enterCode(page);
      await page.getByRole("heading", { name: "Your account" }).waitFor();
      return page;
    };
    const enterCode = async (page: Page): Promise<void> => {
      await page.getByLabel("Code").fill("123456");
      expect(await barriersOn(page)).toEqual([]);
      await page.getByRole("button", { name: "Confirm" }).click();
    };
    await openAccount({ userAgent: AGENTS.laptop });
    passMinutes(3 * 60);
    const phone = await openAccount({ ...PHONE, userAgent: AGENTS.phone, colorScheme: "dark" });
    passMinutes(5);
    const desk = await openAccount({ userAgent: AGENTS.desk });
    const rows = desk.locator(".devices li");
    await rows.filter({ hasText: "Safari on iPhone" }).getByText("Rename").click();
    const name = rows.filter({ hasText: "Safari on iPhone" }).getByLabel("Name of this device");
    expect(await barriersOn(desk)).toEqual([]);
    await name.fill("Ann’s phone");
    await name.press("Enter");
    await rows.filter({ hasText: "Ann’s phone" }).waitFor();
    for (const page of [desk, phone]) {
      await page.goto(place);
      expect(await page.locator(".devices li").count()).toBe(3);
      expect(await barriersOn(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
    }

    passMinutes(2);
    await desk.getByRole("button", { name: "Pay" }).click();
    await desk.getByRole("heading", { name: "Enter the code" }).waitFor();
    await enterCode(desk);
    await desk.getByRole("button", { name: "Pay" }).click();
    await desk.getByText("Thank you, ann.").waitFor();
    await desk.goto(place);
    await rows
      .filter({ hasText: "Firefox on Windows" })
      .getByRole("button", { name: "End this one" })
      .click();
    await expect.poll(() => rows.count()).toBe(2);
  });

  test.each(["your-devices", "remember-me", "step-up", "cart", "password-reset", "polling"])(
    "the pages of the recipe %s are for everybody too",
    async (name) => {
      const page = await open({ ...PHONE }, await recipe(name));
      if (name === "cart") await page.getByRole("link", { name: "Sign in" }).click();
      expect(await barriersOn(page)).toEqual([]);
      await page.getByLabel("Name").fill(ANN.name);
      await page.getByLabel("Password").fill(ANN.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor({ state: "detached" });
      expect(await barriersOn(page)).toEqual([]);
      expect(await overflowOf(page)).toBe(0);
    },
  );
});

test("the pictures of the docs are small, each is shown somewhere, and none is packed", () => {
  const files = readdirSync(images);
  expect(files.length).toBeGreaterThanOrEqual(4);
  const bytes = files.map((name) => statSync(new URL(name, images)).size);
  expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(700_000);
  const pages = ["docs", "docs/recipes", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
  expect(files.filter((name) => !pages.some((page) => page.includes(`images/${name}`)))).toEqual([]);
  const { files: packed } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    files: string[];
  };
  expect(packed).toEqual(["dist", "CHANGELOG.md"]);
});
