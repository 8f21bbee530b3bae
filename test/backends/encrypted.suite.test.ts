import { DatabaseSync } from "node:sqlite";
import { InMemorySessionBackend } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite, type TestStore, withClock } from "micropie/testing";
import { describe, test } from "vitest";
import { userBackendWithClock } from "../testing/stores.ts";
import { encrypted } from "./_encrypted.ts";

const stores: Record<string, (now: () => number) => TestStore> = {
  memory: (now) => ({ backend: encrypted(withClock(new InMemorySessionBackend(), now)) }),
  "memory, remembering nothing": (now) => ({
    backend: encrypted(withClock(new InMemorySessionBackend(), now), { cacheBytes: 0 }),
  }),
  SQLite: (now) => {
    const database = new DatabaseSync(":memory:");
    return {
      backend: encrypted(withClock(new SqliteSessionBackend(database), now)),
      close: () => database.close(),
    };
  },
  "load and save": (now) => ({ backend: encrypted(userBackendWithClock(now)) }),
};

for (const [on, create] of Object.entries(stores)) {
  describe(`EncryptedSessionBackend over ${on}`, () => {
    for (const { name, run } of backendSuite({ create: ({ now }) => create(now) })) test(name, run);
  });
}
