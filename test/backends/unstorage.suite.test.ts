import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type UnstorageLike, UnstorageSessionBackend } from "micropie/backends/unstorage";
import { backendSuite, type TestStore } from "micropie/testing";
import { describe, test } from "vitest";
import { driver } from "../_drivers.ts";
import { onServer } from "../servers/on-server.ts";

type Storage = UnstorageLike & { dispose(): Promise<void> };

const { createStorage } = driver<{ createStorage(options?: object): Storage }>("unstorage");
const unstorage = (name: string, options: object): object =>
  driver<(options: object) => object>(`unstorage/drivers/${name}`)(options);

/** The back-end over this storage, with the clock of the case for the engine; the driver goes on by its own. */
function over(storage: Storage, now: () => number, close?: TestStore["close"]): TestStore {
  const backend = new UnstorageSessionBackend(storage);
  backend.now = now;
  return {
    backend,
    async close() {
      await storage.dispose();
      await close?.();
    },
  };
}

function suite(create: (clock: { now: () => number }) => TestStore): void {
  for (const { name, run } of backendSuite({ create })) test(name, run);
}

describe("over the memory driver", () => {
  suite(({ now }) => over(createStorage(), now));
});

for (const name of ["fs", "fs-lite"]) {
  describe(`over the driver ${name}`, () => {
    suite(({ now }) => {
      const base = mkdtempSync(join(tmpdir(), "micropie-"));
      const storage = createStorage({ driver: unstorage(name, { base }) });
      return over(storage, now, () => rmSync(base, { recursive: true }));
    });
  });
}

await onServer("redis", ({ url }) => {
  describe("over the driver redis", () => {
    suite(({ now }) => {
      const base = randomBytes(6).toString("hex");
      return over(createStorage({ driver: unstorage("redis", { url, base }) }), now);
    });
  });
});
