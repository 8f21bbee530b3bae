import { Redis } from "ioredis";
import { createSessions, info, login } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import { newRecord } from "./_records.ts";
import { newPrefix } from "./_redis.ts";

// A server of its own: its settings are changed.
await onServer("redis", () => {
  let server: RedisServer;
  let redis: Redis;
  let prefix = "";
  let warnings: (Error & { code?: string })[] = [];
  const note = (warning: Error) => warnings.push(warning);
  const settings = async (policy: string, bytes: number) => {
    await redis.config("SET", "maxmemory-policy", policy);
    await redis.config("SET", "maxmemory", bytes);
  };
  const evictionWarnings = () => warnings.filter(({ code }) => code === "MICROPIE_REDIS_EVICTION");

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.port);
    process.on("warning", note);
  });
  afterAll(async () => {
    process.off("warning", note);
    redis.disconnect();
    await server.stop();
  });
  beforeEach(() => {
    prefix = newPrefix();
    warnings = [];
  });

  test.each(["allkeys-lru", "volatile-lru", "volatile-ttl"])(
    "with the policy %s, revokeAll ends what it finds, and then rejects and names the policy",
    async (policy) => {
      await settings(policy, 500_000_000);
      const sessions = createSessions({ backend: new RedisSessionBackend(redis, { prefix }) });
      const cookies: string[] = [];
      for (let n = 0; n < 2; n++) {
        const session = await sessions.load(undefined);
        await login(session, "ann");
        cookies.push((await sessions.commit(session))!.split(";")[0]!);
        // What an eviction does.
        if (n === 0) for (const key of await redis.keys(`${prefix}user:*`)) await redis.del(key);
      }
      await expect(sessions.revoke({ userId: "ann" })).rejects.toMatchObject({
        name: "BackendError",
        code: "backend_failed",
        message: expect.stringContaining(policy),
      });
      const users = await Promise.all(
        cookies.map(async (cookie) => info(await sessions.load(cookie)).userId),
      );
      expect(users).toEqual(["ann", undefined]);
      await until(() => expect(evictionWarnings()).toHaveLength(1));
      expect(evictionWarnings()[0]?.message).toContain(policy);
    },
  );

  test.each([
    ["the policy noeviction", "noeviction", 500_000_000],
    ["no limit of memory", "allkeys-lru", 0],
  ])("with %s, revokeAll answers what it ended, and nothing warns", async (_, policy, bytes) => {
    await settings(policy, bytes);
    const backend = new RedisSessionBackend(redis, { prefix });
    await backend.create("a", newRecord({ userId: "ann" }));
    expect(await backend.revokeUser("ann")).toEqual(["a"]);
    expect(evictionWarnings()).toEqual([]);
  });

  test("a server that does not tell its policy is warned of once, and revoke answers", async () => {
    await settings("noeviction", 0);
    await redis.acl("SETUSER", "app", "on", "nopass", "~*", "+@all", "-info");
    const app = new Redis(server.port, { username: "app", password: "any", enableReadyCheck: false });
    const backend = new RedisSessionBackend(app, { prefix });
    await backend.create("a", newRecord({ userId: "ann" }));
    await backend.create("b", newRecord({ userId: "ann" }));
    expect((await backend.revokeUser("ann")).sort()).toEqual(["a", "b"]);
    await until(() => expect(evictionWarnings()).toHaveLength(1));
    app.disconnect();
  });
});
