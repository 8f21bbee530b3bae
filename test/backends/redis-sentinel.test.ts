import { Redis } from "ioredis";
import { createSessions, info, login, type Sessions } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import { createSentinel } from "redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { Listening } from "../_listening.ts";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { type RedisSentinel, startRedisSentinel } from "../servers/redis-sentinel.ts";

type Client = ConstructorParameters<typeof RedisSessionBackend>[0];

const CLIENTS: Record<string, (at: RedisSentinel) => Promise<{ client: Client; close(): unknown }>> = {
  "node-redis": async ({ name, sentinel }) => {
    const client = createSentinel({ name, sentinelRootNodes: [sentinel] });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async ({ name, sentinel }) => {
    const client = new Redis({ name, sentinels: [sentinel] });
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
};

/** Seconds. Longer than a failover takes on a busy machine. */
const LEASE = 60;

async function signedIn(sessions: Sessions, userId: string): Promise<string> {
  const session = await sessions.load();
  login(session, userId);
  await sessions.commit(session);
  return info(session).handle!;
}

// The shared one tells whether a Redis can be had here; what fails over is one of these cases' own.
await onServer("redis", () => {
  describe.each(Object.entries(CLIENTS))("Redis Sentinel, with %s", (_, open) => {
    test("when the primary dies, sessions stay, and what ends on the new one is told on its channel", async () => {
      const at = await startRedisSentinel();
      onTestFinished(() => at.stop());
      const [one, another] = [await open(at), await open(at)];
      const store = new Listening(new RedisSessionBackend(one.client));
      const here = createSessions({ backend: store, watchLease: LEASE });
      const there = createSessions({ backend: new RedisSessionBackend(another.client) });
      onTestFinished(async () => {
        await here.close();
        await there.close();
        one.close();
        another.close();
      });
      const ends: string[] = [];
      for (const user of ["ann", "bob", "cy"]) {
        const handle = await signedIn(here, user);
        here.watch({ handle }, ({ reason }) => ends.push(`${user} ${reason}`));
      }
      await store.isTold();
      const { opened } = store;
      await at.failOver();
      await until(() => there.revoke({ userId: "ann" }));
      await until(() => expect(ends).toEqual(["ann revoked"]));
      await store.isTold(opened + 1);
      store.fail(["standings"]);
      expect(await there.revoke({ userId: "bob" })).toBe(1);
      await until(() => expect(ends).toEqual(["ann revoked", "bob revoked"]));
      expect(await there.count({ userId: "cy" })).toBe(1);
    });
  });
});
