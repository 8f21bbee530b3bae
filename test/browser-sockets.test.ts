import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { App, login, logout, reply } from "micropie";
import { type AppSocket, events } from "micropie/sockets/app";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hasChromium, launchChromium } from "./_chromium.ts";

/** Says in the title of the page what happens to its socket or event stream, and when it was closed. */
const SCRIPT = `
  const title = (text) => { document.title = text; };
  function openSocket(url) {
    const socket = new WebSocket(url);
    socket.onopen = () => title("open");
    socket.onmessage = ({ data }) => title(data);
    socket.onclose = ({ code, reason }) => { window.closedAt = Date.now(); title("closed " + code + " " + reason); };
  }
  function openEvents(url) {
    const source = new EventSource(url);
    source.addEventListener("count", ({ data, lastEventId }) => title(data + " by " + lastEventId));
    source.onerror = () => { if (source.readyState === 2) title("closed"); };
  }`;

class Site extends App<{ n?: number }> {
  connections: (string | undefined)[] = [];
  isRefusing = false;
  index() {
    return reply(200, `<title>nothing</title><script>${SCRIPT}</script>`, { "content-type": "text/html" });
  }
  sign() {
    login(this.request.session, "ann");
    return "welcome";
  }
  out() {
    logout(this.request.session);
    return "bye";
  }
  feed() {
    const { connections } = this;
    if (this.request.session.n === undefined && this.isRefusing) return undefined;
    const { session } = this.request;
    return events(async function* (lastEventId) {
      connections.push(lastEventId);
      session.n ??= 0;
      const next = Number(lastEventId ?? 0) + 1;
      yield { event: "count", data: `event ${next}`, id: String(next), retry: 0.01 };
      // The connection ends here, and the browser opens another, three times.
      if (next < 3) return;
      await new Promise(() => {});
    });
  }
  async ws_chat(ws: AppSocket<{ n?: number }>) {
    await ws.accept();
    for await (const message of ws) await ws.sendText(String(message));
  }
}

describe.skipIf(!hasChromium)("sockets in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  const served = async (): Promise<{ url: string; app: Site; page: Page }> => {
    const app = new Site();
    const running = await app.serve({ port: 0, signals: false, shutdownTimeout: 1 });
    onTestFinished(() => running.close());
    const page = await (await browser.newContext()).newPage();
    await page.goto(running.url);
    return { url: running.url, app, page };
  };
  const titled = (page: Page, title: string): Promise<unknown> => expect.poll(() => page.title()).toBe(title);

  test("a page of the site opens a socket; a page of another site does not", async () => {
    const { url, page } = await served();
    const socketUrl = `${url.replace("http", "ws")}chat`;
    await page.evaluate(`openSocket(${JSON.stringify(socketUrl)})`);
    await titled(page, "open");

    const other = createServer((_, res) =>
      res.setHeader("content-type", "text/html").end(`<script>${SCRIPT}</script>`),
    );
    other.listen(0, "localhost");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    // Another port of the same host is another origin, of the same site: its cookies go along.
    await page.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
    await page.evaluate(`openSocket(${JSON.stringify(socketUrl)})`);
    await titled(page, "closed 1006");
    other.closeAllConnections();
  });

  test("a logout in one tab closes the socket of the other within a second, with 4401", async () => {
    const { url, page } = await served();
    await page.goto(`${url}sign`);
    await page.goto(url);
    await page.evaluate(`openSocket(${JSON.stringify(`${url.replace("http", "ws")}chat`)})`);
    await titled(page, "open");
    const tab = await page.context().newPage();
    await tab.goto(`${url}out`);
    const at = await page.evaluate<number>("Date.now()");
    await titled(page, "closed 4401 logged_out");
    expect((await page.evaluate<number>("window.closedAt")) - at).toBeLessThan(1000);
  });

  test("an EventSource gets the events, and says after each break which one it got last", async () => {
    const { url, app, page } = await served();
    await page.evaluate(`openEvents("/feed")`);
    await titled(page, "event 3 by 3");
    expect(app.connections).toEqual([undefined, "1", "2"]);
    // The session ends, so does the stream; the browser comes back, and a 204 tells it to stop.
    app.isRefusing = true;
    const tab = await page.context().newPage();
    await tab.goto(`${url}out`);
    await titled(page, "closed");
  });
});
