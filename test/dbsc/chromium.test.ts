import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { createSessions, info, login, logout } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { bind, bindingOf, dbsc } from "micropie/dbsc";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "../_certificate.ts";
import { hasChromium, launchChromium } from "../_chromium.ts";

/** Keys in software, as there is no TPM, and no limit of signatures, as the short cookies here live for seconds. */
const FEATURES =
  "DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting";

/** A Chromium that binds sessions with keys in software, as 149 and 150 do for Linux; later ones ignore the offer. */
const executablePath = process.env.CHROMIUM_WITH_KEYS;

const launch = (): Promise<Browser> =>
  launchChromium({
    args: [`--enable-features=${FEATURES}`, "--ignore-certificate-errors"],
    ...(executablePath === undefined ? {} : { executablePath }),
  });

const certificate = createCertificate();

async function listen(server: Server): Promise<string> {
  server.listen(0, "localhost");
  await once(server, "listening");
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

/** Returns whether this browser answers the plainest offer there is; none of ours is needed to find out. */
async function bindsSessions(): Promise<boolean> {
  if (!hasChromium && executablePath === undefined) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer(certificate, (req, res) => {
    if (req.method === "POST") resolve(true);
    const offer = '(ES256);path="/key";challenge="nonce"';
    res.writeHead(200, { "secure-session-registration": offer, "content-type": "text/html" }).end("<p>");
  });
  const url = await listen(server);
  const browser = await launch();
  const late = setTimeout(() => resolve(false), 5000);
  try {
    await (await browser.newPage({ ignoreHTTPSErrors: true })).goto(url);
    const does = await promise;
    const version = browser.version();
    if (!does)
      console.warn(`Chromium ${version} ignores the offer to bind a session: set CHROMIUM_WITH_KEYS to 150.`);
    return does;
  } finally {
    clearTimeout(late);
    await browser.close();
    server.close();
  }
}

const SHORT = "session_id_bound";
const LIFE = 2;

describe.skipIf(!(await bindsSessions()))("in Chromium", () => {
  const binding = dbsc({ life: LIFE });
  const sessions = createSessions({ bound: binding });
  const refreshes: number[] = [];
  const ends: string[] = [];
  let isCut = false;
  let server: Server;
  let url: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    const listener = nodeSessions(sessions, async (req, res) => {
      const { session } = req;
      res.setHeader("content-type", "text/html");
      if (req.url === "/login") {
        login(session, "ann");
        res.writeHead(303, { location: "/me" }).end();
        return;
      }
      if (req.url === "/logout") logout(session);
      if (req.url === "/clear" && (await bind(session))) res.setHeader("clear-site-data", '"storage"');
      res.end(`<p>${info(session).userId ?? "nobody"} ${bindingOf(session)}</p>`);
    });
    server = createServer(certificate, (req, res) => {
      const isOurs = req.method === "POST";
      if (isOurs && isCut) return req.socket.destroy();
      res.on("finish", () => isOurs && refreshes.push(res.statusCode));
      return listener(req as never, res as never);
    });
    url = await listen(server);
    browser = await launch();
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    const on = devtools.on.bind(devtools) as (name: string, listener: (event: unknown) => void) => void;
    on("Network.deviceBoundSessionEventOccurred", (event) => {
      const { terminationEventDetails: end } = event as {
        terminationEventDetails?: { deletionReason: string };
      };
      if (end !== undefined) ends.push(end.deletionReason);
    });
    await devtools.send("Network.enable");
    await devtools.send("Network.enableDeviceBoundSessions" as never, { enable: true } as never);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await sessions.close();
  });

  const open = async (path: string, on = page): Promise<string | null> => {
    await on.goto(url + path);
    return on.textContent("p");
  };
  const short = async (): Promise<string | undefined> =>
    (await context.cookies()).find(({ name }) => name === SHORT)?.value;
  const slowly = { timeout: 20_000 };

  test("a sign-in registers a key, and five refreshes pass", async () => {
    await open("/login");
    await expect.poll(() => binding.counts, slowly).toEqual({ signIns: 1, bound: 1 });
    for (let times = 0; times < 5; times++) {
      await expect.poll(short, slowly).toBeUndefined();
      const before = refreshes.length;
      expect(await open("/me")).toBe("ann bound");
      expect(refreshes.length).toBeGreaterThan(before);
    }
    expect(new Set(refreshes)).toEqual(new Set([200]));
  }, 60_000);

  test("a copy of the session's cookie alone opens nothing, and one of both nothing once the short life is over", async () => {
    expect(await open("/me")).toBe("ann bound");
    const cookies = await context.cookies();
    for (const copied of [cookies.filter(({ name }) => name !== SHORT), cookies]) {
      const other = await browser.newContext({ ignoreHTTPSErrors: true });
      // The thief's program does not drop the short cookie by itself.
      await other.addCookies(copied.map((cookie) => ({ ...cookie, expires: -1 })));
      const thief = await other.newPage();
      if (copied.length === 1) expect(await open("/me", thief)).toBe("nobody refused");
      else await expect.poll(() => open("/me", thief), slowly).toBe("nobody refused");
      await other.close();
    }
    expect(await open("/me")).toBe("ann bound");
  }, 60_000);

  test("a refresh that is cut off signs nobody out", async () => {
    await expect.poll(short, slowly).toBeUndefined();
    isCut = true;
    expect(await open("/me")).toBe("nobody refused");
    isCut = false;
    await expect.poll(() => open("/me"), slowly).toBe("ann bound");
    expect(ends).toEqual([]);
  }, 60_000);

  test("an answer that clears what the site has stored binds the session anew", async () => {
    expect(await open("/me")).toBe("ann bound");
    // A browser that puts off its refresh is refused meanwhile, and a refused request clears nothing.
    for (let times = 0; binding.counts.bound < 2; times++) {
      expect(times).toBeLessThan(4);
      await open("/clear");
      await expect
        .poll(() => binding.counts.bound, { timeout: 5000 })
        .toBe(2)
        .catch(() => {});
    }
    expect(binding.counts.signIns).toBeGreaterThanOrEqual(2);
    await expect.poll(short, slowly).toBeUndefined();
    expect(await open("/me")).toBe("ann bound");
  }, 60_000);

  test("a logout ends what bound the session", async () => {
    ends.length = 0;
    expect(await open("/logout")).toBe("nobody bound");
    expect(await open("/me")).toBe("nobody unbound");
    await expect.poll(() => ends, slowly).toEqual(["ServerRequested"]);
    expect(await context.cookies()).toEqual([]);
  }, 60_000);
});
