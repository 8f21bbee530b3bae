import { afterAll, describe, expect, test } from "vitest";
import { onWorkerd, tryWorkerd, type WorkerdOptions } from "../servers/miniflare.ts";
import { bundleWorker } from "./bundle.ts";
import { openPlace } from "./place.ts";
import type { Groups } from "./suite/cases.ts";
import { elysiaDemo } from "./suite/framework-apps.ts";
import { groupsOf2025, workerGroups } from "./suite/worker-groups.ts";

const place = openPlace();
afterAll(() => place.remove());

const bundled = (name: string): Promise<string> =>
  bundleWorker(place.file(name), [
    { path: "node:http", by: "/testing/index.js", take: place.file("http-client.ts") },
  ]);

const put = (): never => {
  throw new Error("runs in workerd");
};

async function runOn(options: WorkerdOptions, groups: Groups): Promise<void> {
  await onWorkerd({ ...options, self: "SELF" }, ({ ask }) => {
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const { name } of cases) {
          test(name, async () => {
            const body = JSON.stringify([group, name]);
            const response = await ask("run", { method: "POST", body });
            expect(await response.text()).toBe("");
            expect(response.status).toBe(204);
          });
        }
      });
    }
  });
}

describe("workerd as it is today", async () => {
  await runOn(
    { main: await bundled("worker.ts") },
    { ...workerGroups(put), ...groupsOf2025(put, put, elysiaDemo) },
  );
});

describe("workerd with the oldest compatibility date", async () => {
  await runOn({ main: await bundled("worker-of-2024.ts"), compatibilityDate: OLDEST }, workerGroups(put));
});

/** The documentation names it. */
const OLDEST = "2024-10-14";

describe("an App that is the Worker's default export", async () => {
  await onWorkerd({ main: await bundled("worker-app.ts"), compatibilityDate: OLDEST }, ({ ask }) => {
    test("answers its requests", async () => {
      expect(await (await ask("greet/Ann")).text()).toBe("Hello, Ann!");
    });

    test("a client that disconnects ends its request: the stream gets no signal, and nothing more is saved", async () => {
      const leave = new AbortController();
      // Compressed, its parts would be gathered.
      const headers = { "accept-encoding": "identity" };
      const stream = await ask("endless", { headers, signal: leave.signal });
      const cookie = stream.headers.getSetCookie()[0]!.split(";", 1)[0]!;
      await stream.body!.getReader().read();
      leave.abort();
      // Where streams are told, it is another name by then.
      for (let round = 0; round < 10; round++) {
        const shop = await ask("shop", { headers: { cookie } });
        expect(await shop.text()).toBe("shop of watching");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  });
});

test("the Worker has the package that was built, found by its name", async () => {
  expect(await bundled("worker.ts")).toContain("node_modules/micropie/dist/_shared/core.js");
});

test("without nodejs_compat a Worker does not start, and the error names a module of Node", async () => {
  const main = await bundled("worker-of-2024.ts");
  await expect(tryWorkerd({ main, compatibilityFlags: [] })).rejects.toThrow(/No such module "node:/);
});
