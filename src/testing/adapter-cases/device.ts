import assert from "node:assert/strict";
import type { SessionEvents } from "../../core/events.ts";
import type { HttpBrowser } from "../http-browser.ts";
import type { Site, SiteCase } from "../site.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME = {
  "user-agent":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
  "sec-ch-ua-platform": '"Windows"',
};

/** A browser that sends these headers, and has signed in. */
async function signedIn({ browser }: Site, headers: Readonly<Record<string, string>>): Promise<HttpBrowser> {
  const ann = browser();
  ann.sends = headers;
  await ann.get("/login");
  return ann;
}

/** What a sign-in remembers of its device. `address`: whether the adapter knows where a request came from. */
export function deviceCases(address: boolean): SiteCase[] {
  const wanted: readonly (string | undefined)[] = address ? ["127.0.0.1", "::1"] : [undefined];
  return [
    {
      promise: "U3",
      name: "a sign-in remembers the browser, its hints and where the request came from",
      async run(site) {
        await signedIn(site, CHROME);
        const [listed] = await site.sessions.list({ userId: "ann" }).toArray();
        const { address: from, ...device } = listed!.device;
        assert.deepEqual(device, {
          name: undefined,
          userAgent: CHROME["user-agent"],
          browser: "Google Chrome",
          platform: "Windows",
        });
        assert.ok(wanted.includes(from), `the address of the device should be a local one, and is ${from}`);
      },
    },
    {
      promise: "U3",
      name: "what is remembered costs no write with any other request, and another browser is told of once",
      async run(site) {
        const heard: SessionEvents["device_changed"][] = [];
        using _ = site.sessions.on("device_changed", (event) => void heard.push(event));
        const ann = await signedIn(site, { "user-agent": FIREFOX });
        site.store.forget();
        ann.sends = { "user-agent": FIREFOX.replaceAll("140", "141") };
        await ann.get("/read");
        assert.equal(heard.length, 0, "how often an update of the browser is told of");
        ann.sends = CHROME;
        for (let n = 0; n < 2; n++) await ann.get("/read");
        assert.equal(site.store.writes, 0, "how often these requests write to the store");
        assert.equal(heard.length, 1, "how often another browser is told of");
        const { userId, changed, before, now } = heard[0]!;
        assert.deepEqual([userId, changed], ["ann", ["browser"]]);
        assert.deepEqual([before.userAgent, now.userAgent], [FIREFOX, CHROME["user-agent"]]);
      },
    },
  ];
}
