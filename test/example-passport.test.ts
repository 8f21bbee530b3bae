import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "./_chromium.ts";
import { type ExampleServer, startExample } from "./_example-server.ts";

describe.skipIf(!hasChromium)("express-passport, in a browser", () => {
  let browser: Browser;
  let server: ExampleServer;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(), startExample("express-passport")]);
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const add = async (item: string) => {
    await page.getByLabel("Item").fill(item);
    await page.getByRole("button", { name: "Add" }).click();
  };
  const signIn = async (name: string, { password = "correct horse", remember = false } = {}) => {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    if (remember) await page.getByLabel("for two weeks").check();
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  const cart = () => page.locator("#cart li").allTextContents();
  /** The session's cookie, as the browser sees it. */
  const cookie = async () => (await context.cookies()).find(({ name }) => name === "session_id");

  test("nothing stored, no cookie; then one that scripts cannot see and that ends with the browser", async () => {
    expect(await context.cookies()).toEqual([]);
    await add("bread");
    expect(await cookie()).toMatchObject({
      path: "/",
      httpOnly: true,
      secure: true,
      sameSite: "Lax",
      expires: -1,
    });
    expect(await page.evaluate("document.cookie")).toBe("");
  });

  test("a login keeps the cart, under a new id; the old one is dead", async () => {
    await add("bread");
    const before = (await cookie())!;
    await signIn("ann");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("You are ann");
    expect(await cart()).toEqual(["bread"]);
    expect((await cookie())!.value).not.toBe(before.value);

    const thief = await browser.newContext();
    await thief.addCookies([before]);
    const stolen = await thief.newPage();
    await stolen.goto(server.url);
    expect(await stolen.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    expect(await stolen.locator("#cart li").count()).toBe(0);
    await thief.close();
  });

  test("a wrong password says so once, and signs nobody in", async () => {
    await signIn("ann", { password: "guess" });
    expect(await page.getByRole("alert").textContent()).toBe("Try again.");
    await page.reload();
    expect(await page.getByRole("alert").textContent()).toBe("");
  });

  test("a remembered login has a cookie that outlives the browser, by two weeks", async () => {
    await signIn("ann", { remember: true });
    const { expires, httpOnly, secure, sameSite } = (await cookie())!;
    const days = (expires - Date.now() / 1000) / 86_400;
    expect(days).toBeGreaterThan(13.9);
    expect({ httpOnly, secure, sameSite }).toEqual({ httpOnly: true, secure: true, sameSite: "Lax" });
    await page.reload();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("You are ann");
  });

  test("a logout ends the session: the cookie is gone, and a copy of it opens nothing", async () => {
    await signIn("ann");
    const before = (await cookie())!;
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    await context.clearCookies();
    await context.addCookies([before]);
    await page.reload();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
  });

  test("logging out everywhere ends the session in another browser", async () => {
    await signIn("carol");
    const other = await browser.newContext();
    const elsewhere = await other.newPage();
    await elsewhere.goto(server.url);
    await elsewhere.getByLabel("Name").fill("carol");
    await elsewhere.getByLabel("Password").fill("correct horse");
    await elsewhere.getByRole("button", { name: "Sign in" }).click();
    expect(await elsewhere.getByText("Signed in on").textContent()).toBe("Signed in on 2 devices.");
    await page.getByRole("button", { name: "Log out everywhere" }).click();
    expect(await context.cookies()).toEqual([]);
    await elsewhere.reload();
    expect(await elsewhere.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    await other.close();
  });
});
