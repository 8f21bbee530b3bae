import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hasChromium, launchChromium } from "./_chromium.ts";
import { type ExampleServer, startExample } from "./_example-server.ts";

describe.skipIf(!hasChromium)("the example, with a provider of oidc-provider", () => {
  let browser: Browser;
  let server: ExampleServer;
  let provider: string;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(), startExample("single-sign-on")]);
    provider = /http:\S+(?=session\/end)/.exec(server.screen)![0];
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** A device of its own that has signed in. */
  const signedIn = async (name: string): Promise<Page> => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.locator("[name=login]").fill(name);
    await page.locator("[name=password]").fill("any");
    await page.locator("button[type=submit]").click();
    await page.locator("button[type=submit]").click();
    await expect.poll(() => heading(page)).toBe(`Hello ${name}`);
    return page;
  };
  const heading = async (page: Page): Promise<string> =>
    (await page.getByRole("heading", { level: 1 }).first().textContent()) ?? "";
  const again = async (page: Page): Promise<string> => {
    await page.goto(server.url);
    return await heading(page);
  };

  test("a session ends eight hours after the sign-in at the provider, though that is older than the session", async () => {
    const page = await signedIn("ann");
    const left = async (): Promise<number> => Number(await page.locator("output").textContent());
    expect(await left()).toBeLessThanOrEqual(8 * 3600);
    expect(await left()).toBeGreaterThan(8 * 3600 - 600);
    await page.waitForTimeout(2100);
    await page.context().clearCookies({ name: "session_id" });
    expect(await again(page)).toBe("Welcome");
    // The provider knows the user still, and asks for nothing.
    await page.getByRole("link", { name: "Sign in" }).click();
    await expect.poll(() => heading(page)).toBe("Hello ann");
    expect(await left()).toBeLessThan(8 * 3600 - 1);
  });

  test("the end of the provider's session ends the user's session here, without a request of the browser, and no other", async () => {
    const [one, other] = [await signedIn("ann"), await signedIn("ann")];
    const there = await one.context().newPage();
    await there.goto(`${provider}session/end`);
    await there.locator("button[value=yes]").click();
    await expect.poll(() => again(one)).toBe("Welcome");
    expect(await again(other)).toBe("Hello ann");
  });

  test("a logout here ends the provider's session, so the next sign-in asks for the password", async () => {
    const page = await signedIn("ben");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.locator("button[value=yes]").click();
    await expect.poll(() => heading(page)).toBe("Welcome");
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.locator("[name=password]").waitFor();
  });

  test("a logout token that the provider has not signed is a 400, and ends nothing", async () => {
    const page = await signedIn("ann");
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const claims = {
      iss: provider.slice(0, -1),
      aud: "shop",
      sub: "ann",
      jti: "1",
      iat: Date.now() / 1000,
      events,
    };
    for (const alg of ["none", "RS256", "HS256"]) {
      const body = new URLSearchParams({
        logout_token: `${part({ alg, typ: "logout+jwt" })}.${part(claims)}.AAAA`,
      });
      const { status } = await fetch(`${server.url}/backchannel_logout`, { method: "POST", body });
      expect(status).toBe(400);
    }
    expect(await again(page)).toBe("Hello ann");
  });

  test("the link back from the provider works once, and only for the browser that asked for it", async () => {
    const page = await signedIn("ann");
    const links: string[] = [];
    page.on("request", (request) => links.push(request.url()));
    await page.context().clearCookies({ name: "session_id" });
    await page.goto(`${server.url}/login`);
    await expect.poll(() => heading(page)).toBe("Hello ann");
    const link = links.find((url) => url.includes("/callback?"))!;
    const thief = await (await browser.newContext()).newPage();
    onTestFinished(() => thief.context().close());
    await thief.goto(link);
    expect(await heading(thief)).toBe("Welcome");
  });
});
