import { randomBytes } from "node:crypto";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { backendSuite, type TestStore, withClock } from "micropie/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { encrypted } from "./_encrypted.ts";
import { newCase, OPENERS } from "./_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, type Opened, testStore } from "./_redis.ts";

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
      return { ...store, backend: encrypted(store.backend) };
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
      return { backend: encrypted(backend), advance, close: drop };
    };
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
});

await onServer("memcached", (server) => {
  describe("EncryptedSessionBackend over memcached", () => {
    const create = ({ now }: { now: () => number }): TestStore => {
      const prefix = `${randomBytes(9).toString("base64url")}:`;
      return { backend: encrypted(withClock(new MemcachedSessionBackend(server, { prefix }), now)) };
    };
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
});
