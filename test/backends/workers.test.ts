import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onWorkerd } from "../servers/miniflare.ts";

/** Requests of the Worker that wait here. */
const waiting: ServerResponse[] = [];
let arrived: () => void = () => {};
const gate = createServer((_, response) => {
  waiting.push(response);
  arrived();
});
beforeAll(() => new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve)));
afterAll(() => void gate.close());

const gateUrl = () => encodeURIComponent(`http://127.0.0.1:${(gate.address() as AddressInfo).port}/`);

/** Once so many requests wait. */
async function waitingFor(count: number): Promise<void> {
  while (waiting.length < count) await new Promise<void>((resolve) => (arrived = resolve));
}

function openGate(): void {
  for (const response of waiting.splice(0)) response.end();
}

const main = new URL("_workers/site.ts", import.meta.url);
const options = { main, d1Databases: ["DB"], durableObjects: { SESSIONS: "Sessions" } };

await onWorkerd(options, ({ ask }) => {
  /** A visitor with a cookie jar. */
  const visitorOf = (store: string) => {
    let cookie = "";
    return {
      async get(path: string, init: RequestInit = {}): Promise<unknown> {
        const headers = cookie === "" ? {} : { cookie };
        const response = await ask(`${store}/${path}`, { ...init, headers });
        const [line] = response.headers.getSetCookie();
        if (line !== undefined) cookie = line.split(";")[0]!;
        const text = await response.text();
        if (response.status !== 200) throw new Error(`${response.status} ${text}`);
        return JSON.parse(text);
      },
      get cookie() {
        return cookie;
      },
      set cookie(value: string) {
        cookie = value;
      },
    };
  };

  describe.each(["d1", "objects"])("a Worker with its sessions in %s", (store) => {
    const visitor = () => visitorOf(store);

    test("visits are counted", async () => {
      const ann = visitor();
      expect([await ann.get("visit"), await ann.get("visit"), await ann.get("visit")]).toEqual([1, 2, 3]);
      expect(await visitor().get("visit")).toBe(1);
    });

    test("login, rotate, logout: the ids from before are dead", async () => {
      const ann = visitor();
      await ann.get("visit");
      const before = ann.cookie;
      await ann.get("login");
      expect(ann.cookie).not.toBe(before);
      expect(await ann.get("look")).toEqual({ keys: ["visits"], userId: "ann" });
      await ann.get("rotate");
      expect(await ann.get("look")).toEqual({ keys: ["visits"], userId: "ann" });
      const during = ann.cookie;
      await ann.get("logout");
      for (const cookie of [before, during]) {
        const thief = visitor();
        thief.cookie = cookie;
        expect(await thief.get("look")).toEqual({ keys: [] });
      }
    });

    test("two requests at once each keep their change", async () => {
      const ann = visitor();
      await ann.get("visit");
      const both = [ann.get(`set?key=a&gate=${gateUrl()}`), ann.get(`set?key=b&gate=${gateUrl()}`)];
      await waitingFor(2);
      openGate();
      expect(await Promise.all(both)).toEqual([
        ["a", "visits"],
        ["b", "visits"],
      ]);
      expect(await ann.get("look")).toMatchObject({ keys: ["a", "b", "visits"] });
    });

    test("thirty updates at once count thirty", async () => {
      const ann = visitor();
      await ann.get("visit");
      await Promise.all(Array.from({ length: 30 }, () => ann.get("count")));
      expect(await ann.get("visit")).toBe(32);
    });

    test("exclusive requests take turns", async () => {
      const ann = visitor();
      await ann.get("visit");
      const counts = await Promise.all(Array.from({ length: 5 }, () => ann.get("alone")));
      expect(counts.sort()).toEqual([2, 3, 4, 5, 6]);
    });

    test("whatever a request does meanwhile, revoking all ends the session", async () => {
      const ann = visitor();
      await ann.get("visit");
      await ann.get("login");
      const late = ann.get(`set?key=late&gate=${gateUrl()}`);
      await waitingFor(1);
      expect(await visitor().get("revoke")).toBe(1);
      openGate();
      await late;
      expect(await ann.get("look")).toEqual({ keys: [] });
    });
  });

  test.each(["count", "alone"])(
    "a request that is over in the middle of %s holds nobody up for good",
    async (path) => {
      const ann = visitorOf("impatient");
      await ann.get("visit");
      await ann.get(`leave-${path}`);
      // The first to come waits in vain, and is told so; then it goes on.
      await expect(ann.get(path)).rejects.toThrow(/409 Conflict|503 Service Unavailable/);
      expect(await ann.get(path)).toBe(2);
    },
  );
});
