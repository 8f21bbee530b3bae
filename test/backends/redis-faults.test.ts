import { Redis } from "ioredis";
import * as iovalkey from "iovalkey";
import { createSessions, update } from "micropie";
import type { SessionPatch } from "micropie/backends/backend";
import { type RedisLike, RedisSessionBackend } from "micropie/backends/redis";
import { systemEnvironment } from "micropie/environment";
import { createClient } from "redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { watchLag } from "../_lag.ts";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { command, type RedisServer, startRedis } from "../servers/redis.ts";
import { newPatch, newRecord } from "./_records.ts";
import { newPrefix, nodeOf } from "./_redis.ts";

type Port = { port: number };

const ioOptions = {
  retryStrategy: (times: number) => Math.min(times * 50, 500),
  maxRetriesPerRequest: 3,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 2000,
  socketTimeout: 2000,
  commandTimeout: 2000,
};

/** Clients with the settings that docs/backends.md recommends. */
const CLIENTS = {
  "node-redis": async ({ port }: Port) => {
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      pingInterval: 1000,
      socket: {
        reconnectStrategy: (retries) => Math.min(retries * 50, 500),
        connectTimeout: 2000,
        socketTimeout: 2000,
      },
    });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async ({ port }: Port) => {
    const client = new Redis(port, ioOptions);
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
  iovalkey: async ({ port }: Port) => {
    const client = new iovalkey.Redis(port, ioOptions);
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
};

async function privateRedis(settings?: Record<string, string>): Promise<RedisServer> {
  const server = await startRedis(settings);
  onTestFinished(() => server.stop());
  return server;
}

async function proxied(port: number): Promise<FaultProxy> {
  const proxy = await startProxy({ host: "127.0.0.1", port });
  onTestFinished(() => proxy.stop());
  return proxy;
}

async function backendOn(name: keyof typeof CLIENTS, at: Port): Promise<RedisSessionBackend> {
  const { client, close } = await CLIENTS[name](at);
  onTestFinished(() => void close());
  return new RedisSessionBackend(client);
}

/** Fails unless it works within these milliseconds, called again and again; a busy machine may take longer. */
async function worksWithin(milliseconds: number, work: () => Promise<unknown>): Promise<void> {
  const lag = watchLag();
  const start = performance.now();
  await until(work);
  const took = performance.now() - start;
  lag.stop();
  expect(took).toBeLessThan(milliseconds + 20 * lag.most());
}

await onServer("redis", ({ url }) => {
  describe.each(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[])("%s", (name) => {
    test("a server that was killed and is back: within two seconds all that it had answered is there", async () => {
      const server = await privateRedis();
      const backend = await backendOn(name, server);
      await backend.create("a", newRecord({ userId: "ann" }));
      let version = 1;
      const writing = (async () => {
        for (;;) {
          const patch = newPatch({ n: version }, { baseVersion: version });
          if ((await backend.patch("a", patch)) !== "ok") throw new Error("not ok");
          version++;
        }
      })();
      writing.catch(() => {});
      await until(async () => expect(version).toBeGreaterThan(100));
      await server.kill();
      await expect(writing).rejects.toThrow();
      // As long as the longest pause between two tries.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await server.restart();
      await worksWithin(2000, () => backend.read("a"));
      const record = await backend.read("a");
      // The last one may have been carried out without an answer.
      expect([version, version + 1]).toContain(record?.version);
      expect(JSON.parse(record?.data ?? "").n).toBe((record?.version ?? 0) - 1);
      expect(await backend.listByUser("ann")).toHaveLength(1);
      expect(await backend.revokeUser("ann")).toEqual(["a"]);
    });

    test.each([
      ["is reset", (proxy: FaultProxy) => proxy.reset({ once: true })],
      ["breaks in the middle of a reply", (proxy: FaultProxy) => proxy.cutReply(40, { once: true })],
      ["loses its other end", (proxy: FaultProxy) => proxy.halfOpen()],
    ])("a connection that %s is replaced", async (_, fail) => {
      const proxy = await proxied(nodeOf(url).port);
      const backend = await backendOn(name, proxy);
      const handle = `handle-${name}`;
      await backend.delete(handle);
      await backend.create(handle, newRecord());
      fail(proxy);
      await worksWithin(5000, () => backend.read(handle));
      expect(await backend.read(handle)).toMatchObject({ data: '{"visits":1}', version: 1 });
    });

    test("an answer that is cut off never looks like another one", async () => {
      const proxy = await proxied(nodeOf(url).port);
      const backend = await backendOn(name, proxy);
      const handle = `cut-${name}`;
      await backend.delete(handle);
      await backend.create(handle, newRecord());
      for (const bytes of [1, 100, 200]) {
        proxy.cutReply(bytes, { once: true });
        const answer = await backend.read(handle).catch(() => "error" as const);
        if (answer !== "error") expect(answer).toMatchObject({ data: '{"visits":1}', version: 1 });
        await until(async () => expect(await backend.touch(handle, 100)).toBe(true));
      }
    });
  });

  test("a client that sends again what it had no answer to, as ioredis does, does it once", async () => {
    const proxy = await proxied(nodeOf(url).port);
    const client = new Redis(proxy.port);
    client.on("error", () => {});
    onTestFinished(() => client.disconnect());
    const backend = new RedisSessionBackend(client, { prefix: "again:" });
    await backend.delete("a");
    const cut = async <T>(work: () => Promise<T>): Promise<T> => {
      await client.ping();
      proxy.cutReply(0, { once: true });
      return await work();
    };
    expect(await cut(() => backend.create("a", newRecord()))).toBe(true);
    expect(await cut(() => backend.patch("a", newPatch({ n: 1 }, { ifVersion: 1 })))).toBe("ok");
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: false };
    const rotate = newPatch({}, { rotation, baseVersion: 2, ifSecretHash: "hash-1" });
    expect(await cut(() => backend.patch("a", rotate))).toBe("ok");
    expect(await cut(() => backend.lock("a", 10))).toBe(1);
    expect(await backend.read("a")).toMatchObject({ version: 3, secretHash: "hash-2" });
    await backend.delete("a");
  });

  test("an update that a client sends again after others have changed the session counts once", async () => {
    const client = new Redis(url);
    onTestFinished(() => client.disconnect());
    const prefix = "resent:";
    const others = createSessions<{ n: number }>({ backend: new RedisSessionBackend(client, { prefix }) });
    // As ioredis does it by default: the reply is lost with the connection, and the same command goes out again.
    let between: (() => Promise<unknown>) | undefined;
    const resending = {
      async evalsha(...given: [string, number, ...string[]]) {
        const reply = await client.evalsha(...given);
        // Only a patch, which is the one script here with a version to require.
        if (between === undefined || !/^\S+ \d+ \d+ \d+ \S+ \d+ /.test(String(given[3]))) return reply;
        const others = between;
        between = undefined;
        await others();
        return client.evalsha(...given);
      },
      eval: (...given: [string, number, ...string[]]) => client.eval(...given),
    };
    const sessions = createSessions<{ n: number }>({
      backend: new RedisSessionBackend(resending, { prefix }),
    });
    const first = await sessions.load(undefined);
    first.n = 0;
    const cookie = (await sessions.commit(first))!.split(";")[0]!;
    const next = (n = 0): number => n + 1;
    const increment = async (on: typeof sessions): Promise<void> => {
      const session = await on.load(cookie);
      await update(session, "n", next);
      await on.commit(session);
    };
    // The server knows the script from now on.
    await increment(others);
    for (const writers of [1, 3, 50]) {
      const before = (await others.load(cookie)).n!;
      between = async () => {
        for (let n = 0; n < writers; n++) await increment(others);
      };
      await increment(sessions);
      expect(between).toBeUndefined();
      expect((await others.load(cookie)).n).toBe(before + writers + 1);
    }
    await sessions.revoke({ handle: cookie.slice("session_id=".length).slice(0, 16) });
  });

  // The second session is what others have changed a moment ago: if it is this one, the changes are sent along at once.
  test.each<[string, Partial<SessionPatch>, "a" | "b"]>([
    ["stored whole", {}, "b"],
    ["merged at once", { baseVersion: 1 }, "a"],
    ["stored with a head", { head: "head" }, "b"],
    ["made from any version", { baseVersion: -1 }, "b"],
  ])(
    "a plain save, %s, that a client sends again after its message was taken brings nothing back",
    async (_, how, changed) => {
      const prefix = newPrefix();
      const client = new Redis(url);
      const proxy = await proxied(nodeOf(url).port);
      const resending = new Redis(proxy.port, { maxRetriesPerRequest: null });
      resending.on("error", () => {});
      onTestFinished(() => [client, resending].forEach((each) => void each.disconnect()));
      const others = new RedisSessionBackend(client, { prefix });
      const backend = new RedisSessionBackend(resending, { prefix });
      const now = systemEnvironment.now();
      backend.environment = { ...systemEnvironment, now: () => now };
      const times = { idleTimeout: 10_000, absoluteTimeout: 10_000 };
      for (const handle of ["a", "b"]) await backend.create(handle, newRecord(times));
      // From now on the back-end knows the server's clock, and the server the scripts.
      await backend.read("a");
      for (let n = 0; n < 2; n++) await backend.patch(changed, newPatch({}, times));
      const { version: baseVersion } = (await others.read("a"))!;
      // The save is carried out, and no connection brings an answer until the proxy is healed.
      proxy.cutReply(0);
      const message = newPatch({ message: "hello" }, { baseVersion, ...times, ...how });
      const saving = backend.patch("a", message);
      const saved = await until(async () => {
        const record = await others.read("a");
        expect(record?.data).toBe('{"visits":1,"message":"hello"}');
        return record!;
      });
      const take = newPatch({}, { baseVersion: saved.version, ifVersion: saved.version, ...times });
      expect(await others.patch("a", take)).toBe("ok");
      const later = newPatch({ later: 1 }, { baseVersion: saved.version + 1, ...times });
      expect(await others.patch("a", later)).toBe("ok");
      proxy.heal();
      expect(await saving).toBe("merged");
      const once = { data: '{"visits":1,"later":1}', version: saved.version + 2 };
      expect(await others.read("a")).toMatchObject(once);
      for (const handle of ["a", "b"]) await others.delete(handle);
    },
  );

  test("a user of the server who may do no more than docs/backends.md says is enough", async () => {
    const server = await privateRedis();
    const commands = [
      ..."evalsha eval time get set getrange setrange del".split(" "),
      ..."pexpire pexpireat pttl info zadd zcard zcount zrange zrandmember zrem zscore".split(" "),
    ];
    const rights = ["on", ">secret", "~session:*", ...commands.map((each) => `+${each}`)];
    await command(server.port, "ACL", "SETUSER", "app", ...rights);
    const client = new Redis(server.port, { username: "app", password: "secret", enableReadyCheck: false });
    onTestFinished(() => client.disconnect());
    const backend = new RedisSessionBackend(client);
    await backend.create("a", newRecord({ userId: "ann" }));
    for (const baseVersion of [1, 1, 3]) await backend.patch("a", newPatch({ x: 1 }, { baseVersion }));
    await backend.read("a");
    await backend.touch("a", 200);
    expect(await backend.relock("a", Number(await backend.lock("a", 5)), 0)).toBe(true);
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: false, userId: "bob" };
    expect(await backend.patch("a", newPatch({}, { rotation }))).toBe("merged");
    await backend.save("b", await backend.load("a"), 100);
    await backend.save("b", await backend.load("a"), 100);
    expect(await backend.listByUser("bob")).toHaveLength(2);
    expect(await backend.delete("a")).toBe(true);
    expect(await backend.revokeUser("bob")).toEqual(["b"]);
  });

  test.each([
    ["sign-in", 1],
    ["rotation", 0],
  ])("a %s that is sent again after another process has written is done once", async (_, epoch) => {
    const { client: redis, close } = await CLIENTS.ioredis(nodeOf(url));
    onTestFinished(() => close());
    const prefix = newPrefix();
    const backend = new RedisSessionBackend(redis, { prefix });
    // In front of the client: each script is run twice, and the first answer is lost.
    const again: RedisLike = {
      async evalsha(sha1: string, keys: number, ...args: string[]) {
        await redis.evalsha(sha1, keys, ...args);
        expect(await backend.patch("a", newPatch({ y: 1 }, { ifEpoch: epoch }))).toBe("merged");
        return await redis.evalsha(sha1, keys, ...args);
      },
      eval: (text: string, keys: number, ...args: string[]) => redis.eval(text, keys, ...args),
    };
    await backend.create("a", newRecord());
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: epoch === 1 };
    const rotate = newPatch({ x: 1 }, { rotation, ifSecretHash: "hash-1" });
    // The server has seen the script.
    await backend.patch("gone", rotate);
    expect(await new RedisSessionBackend(again, { prefix }).patch("a", rotate)).toBe("merged");
    const once = { epoch, version: 3, previousSecretHash: "hash-1", data: '{"visits":1,"x":1,"y":1}' };
    expect(await backend.read("a")).toMatchObject(once);
  });

  test("an update that is sent again after the rights have changed was done, and says so", async () => {
    const { client: redis, close } = await CLIENTS.ioredis(nodeOf(url));
    onTestFinished(() => close());
    const prefix = newPrefix();
    const backend = new RedisSessionBackend(redis, { prefix });
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true };
    // In front of the client: the first answer is lost, and another process signs in before the script is sent again.
    const again: RedisLike = {
      async evalsha(sha1: string, keys: number, ...args: string[]) {
        await redis.evalsha(sha1, keys, ...args);
        await backend.patch("a", newPatch({ y: 1 }, { rotation, ifSecretHash: "hash-1" }));
        return await redis.evalsha(sha1, keys, ...args);
      },
      eval: (text: string, keys: number, ...args: string[]) => redis.eval(text, keys, ...args),
    };
    await backend.create("a", newRecord());
    const update = newPatch({ x: 1 }, { ifVersion: 1 });
    // The server has seen the script.
    await backend.patch("gone", update);
    expect(await new RedisSessionBackend(again, { prefix }).patch("a", update)).toBe("merged");
    const once = { epoch: 1, version: 3, data: '{"visits":1,"x":1,"y":1}' };
    expect(await backend.read("a")).toMatchObject(once);
  });

  test("a full server refuses what is new, keeps what it has, and can still end sessions", async () => {
    const server = await privateRedis();
    const client = new Redis(server.port) as Redis & RedisLike;
    onTestFinished(() => client.disconnect());
    const backend = new RedisSessionBackend(client);
    await backend.create("a", newRecord({ userId: "ann" }));
    await backend.patch("a", newPatch({ x: 1 }, { baseVersion: -1 }));
    const before = await client.get("session:a");
    const full = /OOM/;
    await client.config("SET", "maxmemory", "1");
    await expect(backend.create("b", newRecord())).rejects.toThrow(full);
    await expect(backend.patch("a", newPatch({ y: 1 }, { baseVersion: 2 }))).rejects.toThrow(full);
    await expect(backend.patch("a", newPatch({ y: 1 }, { baseVersion: -1 }))).rejects.toThrow(full);
    await expect(backend.lock("a", 10)).rejects.toThrow(full);
    expect(await client.get("session:a")).toEqual(before);
    expect(await backend.read("a")).toMatchObject({ data: '{"visits":1,"x":1}', version: 2 });
    expect(await backend.revokeUser("ann")).toEqual(["a"]);
  });
});
