import { afterAll, describe, expect, test } from "vitest";
import { onWorkerd } from "../servers/miniflare.ts";
import { bundleWorker } from "./bundle.ts";
import { openPlace } from "./place.ts";

const place = openPlace();
afterAll(() => place.remove());

await onWorkerd({ main: await bundleWorker(place.file("worker-caches.ts")) }, ({ ask }) => {
  describe.each(["app", "fetch", "hono-before", "hono-behind"])("the Cache API around %s", (host) => {
    /** Asks as one who has this cookie. */
    const get = async (path: string, cookie = "") => {
      const response = await ask(`${host}/${path}`, { headers: { cookie } });
      const text = await response.text();
      return { text, headers: response.headers, cookies: response.headers.getSetCookie() };
    };
    const signedIn = async (name: string): Promise<string> => {
      const { text, cookies } = await get(`login/${name}`);
      expect([text, cookies.length]).toEqual(["welcome", 1]);
      return cookies[0]!.split(";", 1)[0]!;
    };

    test("it keeps what looks at no session", async () => {
      expect((await get("article")).headers.get("cf-cache-status")).toBeNull();
      const { text, headers } = await get("article");
      expect([text, headers.get("cf-cache-status")]).toEqual(["for everybody", "HIT"]);
    });

    test.each(["plain", "expires", "modified"])("nobody gets a %s page of another user", async (kind) => {
      const ann = await signedIn("ann");
      for (const [name, cookie] of Object.entries({ ann, bob: await signedIn("bob"), nobody: "" })) {
        for (const _ of "12") {
          const { text, headers, cookies } = await get(`page/${kind}`, cookie);
          expect([text, headers.get("cf-cache-status"), cookies]).toEqual([`for ${name}`, null, []]);
        }
      }
    });

    test("nobody gets the cookie of another user", async () => {
      const cookies = [await signedIn("ann"), await signedIn("ann"), await signedIn("ann")];
      expect(new Set(cookies).size).toBe(3);
    });
  });
});
