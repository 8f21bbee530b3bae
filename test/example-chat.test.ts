import { createClient } from "redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasChromium, launchChromium } from "./_chromium.ts";
import { startExample } from "./_example-server.ts";
import { freePort } from "./_port.ts";
import { onServer } from "./servers/on-server.ts";

await onServer("redis", ({ url }) => {
  describe.skipIf(!hasChromium)("the chat, in two processes with one Redis, in a browser", () => {
    test("one session in both, messages and presence across them, and a logout in one tab closes the other's socket", async () => {
      const client = await createClient({ url }).connect();
      onTestFinished(() => void client.destroy());
      await client.del("chat:presence");
      const PORT2 = String(await freePort());
      const example = await startExample("chat", { env: { REDIS_URL: url, PORT2 } });
      onTestFinished(() => example.stop());
      const browser = await launchChromium();
      onTestFinished(() => browser.close());
      const context = await browser.newContext();
      const [one, two] = [await context.newPage(), await context.newPage()];
      await one.goto(example.url);
      await one.getByLabel("Your name").fill("Ann");
      await one.getByRole("button", { name: "Sign in" }).click();
      await one.locator("#state", { hasText: "open" }).waitFor();
      await two.goto(`http://localhost:${PORT2}`);
      await two.locator("#state", { hasText: "open" }).waitFor();

      const eve = await (await browser.newContext()).newPage();
      await eve.goto(`http://localhost:${PORT2}`);
      await eve.getByLabel("Your name").fill("Eve");
      await eve.getByRole("button", { name: "Sign in" }).click();
      for (const page of [one, two, eve]) await page.locator("#here", { hasText: "Ann, Eve" }).waitFor();

      await one.getByLabel("Message").fill("<b>hello</b>");
      await one.getByRole("button", { name: "Send" }).click();
      for (const page of [one, two, eve])
        await page.locator("li", { hasText: "Ann: <b>hello</b>" }).waitFor();

      await one.getByRole("button", { name: "Log out" }).click();
      await two.locator("#state", { hasText: "closed: 4401 logged_out" }).waitFor();
      await eve.locator("#here", { hasText: /^Eve$/ }).waitFor();
      expect(await eve.locator("#state").textContent()).toBe("open");
    });
  });
});
