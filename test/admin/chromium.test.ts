import { writeFileSync } from "node:fs";
import { App, info, login, logout, mount } from "micropie";
import { adminPage } from "micropie/admin";
import { recordEvents } from "micropie/recorder";
import { virtualEnvironment } from "micropie/testing";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import operators from "../../examples/operators/app.ts";
import { barriersOn, overflowOf } from "../_accessible.ts";
import { hasChromium, launchChromium } from "../_chromium.ts";
import { BEN, served } from "../recipes/_recipe.ts";
import { AGENTS, type Data, START, visitor } from "./_people.ts";

const images = new URL("../../docs/images/", import.meta.url);
/** `npm run screenshots` makes the pictures of the docs anew; fonts differ between machines, so a test compares none. */
const keeps = process.env.npm_lifecycle_event === "screenshots";
const PHONE = { viewport: { width: 390, height: 700 }, isMobile: true, hasTouch: true };
const NAMES = ["ann", "carla", "dora", "emil", "farid", "greta", "hugo", "ines", "jon", "kim"];

class Shop extends App<Data> {
  index() {
    return "home";
  }
  enter(name: string) {
    const { session } = this.request;
    session.operator = name === "olga";
    login(session, name);
    return "entered";
  }
}

/** A shop in which an hour has passed, with customers, a few revoked sessions, and a store that failed for a while. */
async function busyShop() {
  const environment = virtualEnvironment({ start: START });
  const app = new Shop({ environment, device: { address: "network" }, timeouts: { idle: "30m" } });
  const { sessions } = app;
  const recorder = recordEvents(sessions);
  const page = adminPage(sessions, {
    allow: ({ session }) => session.operator === true && info(session).userId,
    manage: true,
    recorder,
    data: ["cart"],
  });
  app.middlewares.push(mount("/admin", page));
  const { backend } = sessions;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(environment.random() * list.length)]!;
  const open: string[] = [];
  for (let minute = 0; minute < 60; minute++) {
    const coming = 3 + Math.round(3 * Math.sin(minute / 9) + 2 * environment.random());
    for (let n = 0; n < coming; n++) {
      const headers = { "user-agent": pick(Object.values(AGENTS)) };
      open.push(await visitor(sessions, environment.random() < 0.7 ? pick(NAMES) : undefined, headers));
    }
    for (let n = 0; n < coming - 2 && open.length > 8; n++) {
      const [cookie] = open.splice(Math.floor(environment.random() * open.length), 1);
      const session = await sessions.load(cookie!);
      logout(session);
      await sessions.commit(session);
    }
    if (minute % 14 === 9) await sessions.revoke({ userId: pick(NAMES) });
    if (minute > 38 && minute < 43) {
      backend.read = () => {
        throw new Error("connect ECONNREFUSED");
      };
      for (let n = 0; n < 43 - minute; n++)
        await Promise.allSettled([(async () => sessions.load(open[0]!))()]);
      delete (backend as Partial<typeof backend>).read;
    }
    for (let half = 0; half < 2; half++) {
      environment.advance(30);
      await new Promise(setImmediate);
    }
  }
  return { app, sessions, environment };
}

describe.skipIf(!hasChromium)("the operators' page, in a browser", () => {
  let browser: Browser;
  let shop: Awaited<ReturnType<typeof busyShop>>;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    shop = await busyShop();
    const server = await shop.app.serve({ port: 0, hostname: "localhost", signals: false });
    close = () => server.close();
    url = `http://localhost:${server.port}`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await close?.();
  });

  const asked: string[] = [];
  /** A browser with an operator, or with somebody else, in front of a page. What is not in order there is in `asked`. */
  const open = async (path: string, options: BrowserContextOptions = {}, name = "olga"): Promise<Page> => {
    const screen = { viewport: { width: 1000, height: 700 }, deviceScaleFactor: 1 };
    const context = await browser.newContext({ ...screen, ...options });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.on("console", (message) => void (message.type() === "error" && asked.push(message.text())));
    page.on(
      "request",
      (request) => void (new URL(request.url()).origin !== url && asked.push(request.url())),
    );
    await page.goto(`${url}/enter/${name}`);
    await page.goto(`${url}${path}`);
    return page;
  };
  const picture = async (page: Page, name: string, fullPage = true) => {
    const png = await page.screenshot({ fullPage, animations: "disabled" });
    if (keeps) writeFileSync(new URL(`${name}.png`, images), png);
  };
  /** The sessions of a user who has signed in with these devices. */
  const devicesOf = async (name: string) => {
    for (const agent of Object.values(AGENTS)) await visitor(shop.sessions, name, { "user-agent": agent });
  };

  test("nobody but an operator sees it", async () => {
    const page = await open("/admin/", {}, "ann");
    expect(await page.textContent("body")).toBe("404 Not Found");
    asked.length = 0;
  });

  test.each([
    ["light", "wide", {}],
    ["dark", "wide", { colorScheme: "dark" }],
    ["light", "phone", PHONE],
    ["dark", "phone", { ...PHONE, colorScheme: "dark" }],
  ] satisfies [string, string, BrowserContextOptions][])(
    "every page is for everybody, fits, and asks nobody else: %s, %s",
    async (color, size, options) => {
      const name = `zoe-${color}-${size}`;
      await devicesOf(name);
      const [session] = await shop.sessions.list({ userId: name }).toArray();
      const page = await open("/admin/", options);
      const [ground] = await page.evaluate<number[]>(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)",
      );
      expect(ground! < 128).toBe(color === "dark");
      const paths = ["", "?range=day", "sessions", `user?id=${name}`, `session/${session!.handle}`].concat([
        `session/${session!.handle}/end`,
        "sessions?by=handle&q=nope",
        "nowhere",
      ]);
      for (const path of paths) {
        await page.goto(`${url}/admin/${path}`);
        expect(await barriersOn(page), path).toEqual([]);
        expect(await overflowOf(page), path).toBe(0);
      }
      // A page that is missing or refused is an error for the console, and has to be.
      expect(asked.splice(0).filter((each) => !/status of 40[04]/.test(each))).toEqual([]);
      await page.goto(`${url}/admin/`);
      if (color === "light" && size === "wide") await picture(page, "operators");
      if (color === "dark" && size === "phone") await picture(page, "operators-phone-dark", false);
      if (color === "light" && size === "wide") {
        await page.goto(`${url}/admin/session/${session!.handle}`);
        await picture(page, "operators-session");
      }
    },
  );

  test("charts show real data, and the numbers behind it", async () => {
    const page = await open("/admin/");
    expect(await page.locator("svg").count()).toBe(6);
    expect(await page.locator("#created-drawing .line").first().getAttribute("d")).toMatch(
      /^M[\d.]+ [\d.]+L/,
    );
    expect(await page.locator("#ended-drawing rect").count()).toBeGreaterThan(20);
    expect(await page.locator("#failures-drawing rect").count()).toBeGreaterThan(2);
    const label = await page.getByRole("img", { name: /^Ended, by reason/ }).getAttribute("aria-label");
    expect(label).toMatch(/Logged out: now [\d.]+, lowest 0, highest [1-9]/);
    await page.locator("#ended-numbers summary").click();
    expect(await page.locator("#ended-rows tr").count()).toBeGreaterThan(9);
    const created = Number(
      (await page.locator("#tiles li", { hasText: "created" }).locator("b").innerText()).replace(",", ""),
    );
    expect(created).toBeGreaterThan(150);
  });

  test("it is live with JavaScript, can be paused, and leaves alone what somebody is in", async () => {
    const page = await open("/admin/");
    await page.evaluate(`document.getElementById("as-of").dataset.every = "0.05"`);
    const created = page.locator("#tiles li", { hasText: "created" }).locator("b");
    const before = await created.innerText();
    await page.locator("#created-numbers summary").click();
    const pause = page.getByRole("button", { name: "Pause updates" });
    await pause.click();
    await visitor(shop.sessions);
    const after = String(Number(before) + 1);
    expect(await created.innerText()).toBe(before);
    await page.getByRole("button", { name: "Go on updating" }).click();
    await expect.poll(() => created.innerText()).toBe(after);
    expect(await page.locator("#created-numbers").getAttribute("open")).toBe("");
    await visitor(shop.sessions);
    await expect.poll(() => created.innerText()).toBe(String(Number(after) + 1));

    await page.route("**/admin/**", (route) => route.abort());
    await page.getByRole("status").getByText("No answer").waitFor();
    await page.unroute("**/admin/**");
    await expect.poll(() => page.getByRole("status").innerText()).toBe("");
    asked.length = 0;
  });

  test("an operator without JavaScript finds a user, ends one session, then all", async () => {
    await devicesOf("nora");
    const page = await open("/admin/sessions", { javaScriptEnabled: false });
    await page.getByLabel("For", { exact: true }).fill("nora");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("heading", { name: "User nora" }).waitFor();
    const rows = page.locator("tbody tr");
    expect(await rows.count()).toBe(Object.keys(AGENTS).length);
    await rows
      .filter({ hasText: "iPhone" })
      .getByRole("link", { name: /^[\w-]{16}$/ })
      .click();
    await page.getByRole("link", { name: "End this session…" }).click();
    await page.getByText("It is recorded that olga did it.").waitFor();
    await page.getByRole("button", { name: "End the session" }).click();
    await page.getByRole("status").getByText("1 session ended.").waitFor();
    await page.getByText("It ended because it was revoked by the operator olga.").waitFor();

    await page.goto(`${url}/admin/user?id=nora`);
    expect(await rows.filter({ hasText: "iPhone" }).count()).toBe(0);
    await page.getByRole("link", { name: "End all sessions of this user…" }).click();
    await page.getByRole("button", { name: "End all" }).click();
    await page.getByText("1 session ended.").waitFor();
    expect(await shop.sessions.count({ userId: "nora" })).toBe(0);
  });

  test("all of it works by keyboard alone", async () => {
    await devicesOf("otto");
    const page = await open("/admin/");
    /** Goes on with Tab until something with this text has the focus, which is seen. */
    const to = async (text: string | RegExp) => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press("Tab");
        const [name, outline] = await page.evaluate<[string, string]>(
          `(({ innerText, name, value }, style) => [innerText || name || value || "", style.outlineStyle])(document.activeElement, getComputedStyle(document.activeElement))`,
        );
        if (typeof text === "string" ? name !== text : !text.test(name)) continue;
        expect(outline).toBe("solid");
        return;
      }
      throw new Error(`Nothing with the text ${String(text)} can be reached by Tab.`);
    };
    await to("To the content");
    await to("Sessions");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sessions", level: 1 }).waitFor();
    await to("q");
    await page.keyboard.type("otto");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "User otto" }).waitFor();
    await to(/^[\w-]{16}$/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Session", level: 1, exact: true }).waitFor();
    await to("End this session…");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "End this session?" }).waitFor();
    await to("End the session");
    await page.keyboard.press("Enter");
    await page.getByText("1 session ended.").waitFor();
    expect(await shop.sessions.count({ userId: "otto" })).toBe(Object.keys(AGENTS).length - 1);
  });

  test("the example shows a shop's operator what its customers do", async () => {
    const place = await served(operators);
    const page = await open("/admin/");
    await page.goto(place);
    await page.getByLabel("Name").fill(BEN.name);
    await page.getByLabel("Password").fill(BEN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "The sessions of this shop" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByRole("link", { name: "Sessions", exact: true }).click();
    expect(await page.locator("tbody tr").count()).toBeGreaterThan(10);
    expect(await barriersOn(page)).toEqual([]);
  });
});
