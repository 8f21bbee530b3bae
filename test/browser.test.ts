import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, html, info, login, post, type RunningApp } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "./_chromium.ts";

class Account extends App {
  sign() {
    login(this.request.session, "ann");
    return "welcome";
  }

  page() {
    return info(this.request.session).userId === undefined ? "sign in" : "the private page";
  }

  logout() {
    this.request.session = null;
    return "bye";
  }
}

class VisitCounter extends App<{ visits: number }> {
  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.`;
  }

  end() {
    this.request.session = {};
    return "bye";
  }
}

/** A site with a form that posts to `target` as soon as its page is there. */
class Forms extends App {
  form() {
    const target = this.request.query("target", "");
    return html`<form method="post" action="${target}"><button>Send</button></form>`;
  }

  send = post(() => "sent");
}

describe.skipIf(!hasChromium)("in a browser", () => {
  let browser: Browser;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), "micropie-browser-"));
  const file = join(folder, "sessions.sqlite");

  const serve = (port: number) =>
    new VisitCounter({ sessionBackend: new SqliteSessionBackend(file) }).serve({ port, signals: false });

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const visit = async (url: string) => {
    await page.goto(url);
    return page.textContent("body");
  };

  test("the counter counts on plain http://localhost, also after a restart, and for each visitor alone", async () => {
    const first = await serve(0);
    expect(first.url).toMatch(/^http:\/\/localhost:/);
    expect(await visit(first.url)).toBe("You have visited 1 times.");
    expect(await visit(first.url)).toBe("You have visited 2 times.");
    await first.close();

    const second = await serve(first.port);
    expect(await visit(second.url)).toBe("You have visited 3 times.");
    page = await (await browser.newContext()).newPage();
    expect(await visit(second.url)).toBe("You have visited 1 times.");
    await second.close();
  });

  test("scripts do not see the cookie, and an ended session takes it away", async () => {
    const running = await serve(0);
    await visit(running.url);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({
      name: "session_id",
      httpOnly: true,
      secure: true,
      sameSite: "Lax",
      expires: -1,
    });
    expect(await page.evaluate("document.cookie")).toBe("");
    expect(await visit(`${running.url}end`)).toBe("bye");
    expect(await page.context().cookies()).toEqual([]);
    await running.close();
  });

  test.each([
    ["with private, the back button shows no private page after the logout", true, "sign in"],
    ["without private, the back button shows the page as the browser has kept it", false, "the private page"],
  ])("%s", async (_, isPrivate, shown) => {
    // Playwright turns off what keeps whole pages for the back button.
    const keeping = await launchChromium({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
    const running = await new Account({ private: isPrivate }).serve({ port: 0, signals: false });
    try {
      page = await keeping.newPage();
      for (const path of ["sign", "page", "logout"]) await visit(running.url + path);
      // A page that was kept is shown without a `load` event.
      await page.goBack({ waitUntil: "commit" });
      await expect.poll(() => page.textContent("body")).toBe(shown);
    } finally {
      await keeping.close();
      await running.close();
    }
  });

  describe("a form", () => {
    let forms: Browser;
    let ours: RunningApp;
    let other: RunningApp;

    beforeAll(async () => {
      // A name as in a local network: plain http, where browsers leave Sec-Fetch-Site out.
      forms = await launchChromium({ args: ["--host-resolver-rules=MAP *.lan 127.0.0.1"] });
      ours = await new Forms().serve({ port: 0, signals: false });
      other = await new Forms().serve({ port: 0, signals: false });
    });
    afterAll(async () => {
      await forms?.close();
      await ours.close();
      await other.close();
    });

    /** Sends the form of a page on `from`, and returns the status and the text of the answer. */
    const sent = async (from: string, to: string): Promise<unknown> => {
      const tab = await forms.newPage();
      const seen = tab.waitForRequest((request) => request.method() === "POST");
      await tab.goto(`http://${from}/form?target=${encodeURIComponent(`http://${to}/send`)}`);
      const [request] = await Promise.all([seen, tab.click("button")]);
      const answer = await request.response();
      const site = (await request.allHeaders())["sec-fetch-site"];
      return [site, answer?.status(), /sent|cross_site/.exec((await answer?.text()) ?? "")?.[0]];
    };

    test("of our own page is taken, and one of another site or port is refused", async () => {
      const here = `localhost:${ours.port}`;
      expect(await sent(here, here)).toEqual(["same-origin", 200, "sent"]);
      expect(await sent(`127.0.0.1:${other.port}`, here)).toEqual(["cross-site", 403, "cross_site"]);
      expect(await sent(`localhost:${other.port}`, here)).toEqual(["same-site", 403, "cross_site"]);
    });

    test("is judged by its origin alone on plain http in a local network", async () => {
      const here = `app.lan:${ours.port}`;
      expect(await sent(here, here)).toEqual([undefined, 200, "sent"]);
      expect(await sent(`evil.lan:${other.port}`, here)).toEqual([undefined, 403, "cross_site"]);
      expect(await sent(`app.lan:${other.port}`, here)).toEqual([undefined, 403, "cross_site"]);
    });
  });

  test("the back button shows no page of a session from the cache", async () => {
    const running = await serve(0);
    await visit(running.url);
    await visit(`${running.url}end`);
    await page.goBack();
    expect(await page.textContent("body")).toBe("You have visited 1 times.");
    const [cookie] = await page.context().cookies();
    expect(cookie?.name).toBe("session_id");
    await running.close();
  });
});
