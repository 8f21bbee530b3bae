import { InMemorySessionBackend } from "micropie";
import type { Awaitable } from "micropie/backends/backend";
import { LayeredSessionBackend } from "micropie/backends/layered";
import { type RedisLike, RedisSessionBackend } from "micropie/backends/redis";
import { backendSuite, type TestStore } from "micropie/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { TellingBackend } from "./_layered.ts";
import { newCase, openPool } from "./_postgres.ts";
import { CLIENTS, Keyspace, newPrefix, nodeOf, type Opened } from "./_redis.ts";

/** Seconds: short, because every end in every case waits for it. */
const LEASE = 0.015;

/** The suite; and that the cache had a part in it. */
function suite(create: (clock: { now: () => number }) => Awaitable<TestStore>): void {
  const made: TestStore["backend"][] = [];
  const counted = async (clock: { now: () => number }) => {
    const store = await create(clock);
    made.push(store.backend);
    return store;
  };
  for (const { name, run } of backendSuite({ create: counted })) test(name, run);
  test("the cache has answered in these cases", () => {
    const hits = made.reduce((all, backend) => all + (backend as LayeredSessionBackend).hits, 0);
    expect(hits).toBeGreaterThan(100);
  });
}

describe("LayeredSessionBackend over memory, by staleness", () => {
  suite(({ now }) => {
    const inner = new InMemorySessionBackend({ now });
    const another = () => new LayeredSessionBackend(inner, { staleness: LEASE });
    return { backend: another(), another };
  });
});

describe("LayeredSessionBackend over memory, by a channel", () => {
  suite(async ({ now }) => {
    const inner = new TellingBackend({ now });
    const another = async () => {
      const backend = new LayeredSessionBackend(inner, { channel: inner.open, lease: LEASE });
      await backend.ready();
      return backend;
    };
    return { backend: await another(), another };
  });
});

/** A store whose clock nobody moves: what the test changes in it, the channel has to tell. */
async function heard(
  make: () => LayeredSessionBackend,
  store: Omit<TestStore, "backend">,
): Promise<TestStore> {
  const another = async () => {
    const made = make();
    await made.ready();
    return made;
  };
  const backend = await another();
  return {
    backend,
    another,
    async advance(seconds) {
      await store.advance?.(seconds);
      await backend.ready();
    },
    close: () => store.close?.(),
  };
}

await onServer("redis", ({ url }) => {
  describe("LayeredSessionBackend over Redis", () => {
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
    suite(() => {
      const prefix = newPrefix();
      const client = opened.client as RedisLike & { duplicate(): unknown };
      const inner = new RedisSessionBackend(client, { prefix });
      const make = () => new LayeredSessionBackend(inner, { redis: client, prefix, lease: LEASE });
      const advance = (seconds: number) => keyspace.age(prefix, seconds);
      return heard(make, { advance, close: () => keyspace.clear(prefix) });
    });
  });
});

await onServer("postgres", ({ url }) => {
  describe("LayeredSessionBackend over PostgreSQL", () => {
    const opened = openPool(url);
    afterAll(() => opened.end());
    suite(async () => {
      const { table, backend: inner, advance, drop } = newCase(opened, { notify: true });
      await inner.ready();
      const make = () => new LayeredSessionBackend(inner, { postgres: opened.client, table, lease: LEASE });
      return heard(make, { advance, close: drop });
    });
  });
});
