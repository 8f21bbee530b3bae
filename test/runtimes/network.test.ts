import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { backendSuite } from "micropie/testing";
import { afterAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { openPlace } from "./place.ts";
import { findPrograms } from "./programs.ts";
import { environmentIn } from "./run.ts";

const place = openPlace();
afterAll(() => place.remove());
// On Node, test/backends runs them, with more clients.
const programs = (await findPrograms()).filter(
  ({ runtime, missing }) => runtime !== "node" && missing === undefined,
);
const { length: cases } = backendSuite({ create: () => Promise.reject(new Error("runs elsewhere")) });

/** The whole suite is one test: its cases are known to hold, and the question is whether they do there too. */
function keepsTheContract(store: string, url: string): void {
  describe("the back-end suite", () => {
    test.concurrent.each(programs)(`${store} on $name`, async ({ command, args }) => {
      const { stdout } = await promisify(execFile)(command, [...args, place.file("network.ts"), store, url], {
        cwd: place.folder,
        env: environmentIn(place.folder),
      });
      expect(JSON.parse(stdout)).toEqual({ cases, failed: [] });
    });
  });
}

await onServer("redis", ({ url }) => keepsTheContract("redis", url));
await onServer("postgres", ({ url }) => keepsTheContract("postgres", url));
await onServer("mariadb", ({ url }) => keepsTheContract("mariadb", url));
await onServer("memcached", ({ host, port }) => keepsTheContract("memcached", `${host}:${port}`));
