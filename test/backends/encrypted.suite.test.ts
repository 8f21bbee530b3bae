import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { InMemorySessionBackend } from "micropie";
import { EncryptedSessionBackend } from "micropie/backends/encrypted";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { backendSuite, type TestStore, withClock } from "micropie/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { userBackendWithClock } from "../testing/stores.ts";
import { newCase, OPENERS } from "./_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, type Opened, testStore } from "./_redis.ts";

const key = randomBytes(32);

function over(inner: TestStore["backend"], more?: object): EncryptedSessionBackend {
  return new EncryptedSessionBackend(inner, { keys: { k1: key }, ...more });
}

const stores: Record<string, (now: () => number) => TestStore> = {
  memory: (now) => ({ backend: over(withClock(new InMemorySessionBackend(), now)) }),
  "memory, remembering nothing": (now) => ({
    backend: over(withClock(new InMemorySessionBackend(), now), { cacheBytes: 0 }),
  }),
  SQLite: (now) => {
    const database = new DatabaseSync(":memory:");
    return {
      backend: over(withClock(new SqliteSessionBackend(database), now)),
      close: () => database.close(),
    };
  },
  "load and save": (now) => ({ backend: over(userBackendWithClock(now)) }),
};

for (const [on, create] of Object.entries(stores)) {
  describe(`EncryptedSessionBackend over ${on}`, () => {
    for (const { name, run } of backendSuite({ create: ({ now }) => create(now) })) test(name, run);
  });
}

await onServer("redis", ({ url }) => {
  describe("EncryptedSessionBackend over Redis", () => {
    let keyspace: Keyspace;
    let opened: Opened;
    beforeAll(async () => {
      keyspace = new Keyspace([nodeOf(url)]);
      opened = await CLIENTS["node-redis"]([nodeOf(url)]);
    });
    afterAll(async () => {
      keyspace.close();
      await opened.close();
    });
    const create = (): TestStore => {
      const store = testStore(keyspace, opened);
      return { ...store, backend: over(store.backend) };
    };
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
});

await onServer("postgres", ({ url }) => {
  describe("EncryptedSessionBackend over PostgreSQL", () => {
    const opened = OPENERS.pg(url);
    afterAll(() => opened.end());
    const create = async (): Promise<TestStore> => {
      const { backend, advance, drop } = newCase(opened);
      await backend.ready();
      return { backend: over(backend), advance, close: drop };
    };
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
});

await onServer("memcached", (server) => {
  describe("EncryptedSessionBackend over memcached", () => {
    const create = ({ now }: { now: () => number }): TestStore => {
      const prefix = `${randomBytes(9).toString("base64url")}:`;
      return { backend: over(withClock(new MemcachedSessionBackend(server, { prefix }), now)) };
    };
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
});
