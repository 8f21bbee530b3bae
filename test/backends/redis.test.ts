import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Redis } from "ioredis";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { type RedisLike, RedisSessionBackend } from "micropie/backends/redis";
import { ConfigError } from "micropie/errors";
import { withClock } from "micropie/testing";
import { createClient, createSentinel } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { startRedis } from "../servers/redis.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";
import { CLIENTS, Keyspace, newPrefix, nodeOf, type Opened } from "./_redis.ts";

const seconds = (time: number) => expect.closeTo(time, -1);

// A server of its own, since it forgets scripts while other tests might count on them.
await onServer("redis", async () => {
  const server = await startRedis();
  const { url } = server;
  const node = nodeOf(url);
  let prefix = "";
  let keyspace: Keyspace;
  let redis: Redis;
  let backend: RedisSessionBackend;

  beforeAll(() => {
    keyspace = new Keyspace([node]);
    redis = new Redis(node.port, node.host);
  });
  afterAll(async () => {
    keyspace.close();
    redis.disconnect();
    await server.stop();
  });
  beforeEach(() => {
    prefix = newPrefix();
    backend = new RedisSessionBackend(redis, { prefix });
  });

  describe.each([
    "node-redis",
    "node-redis with RESP2",
    "a pool of node-redis",
    "ioredis",
    "ioredis with RESP3",
    "ioredis that answers numbers as texts",
    "node-redis that answers bytes",
    "a client with customCommand",
    "iovalkey",
  ] as const)("a client: %s", (name) => {
    let opened: Opened;
    beforeAll(async () => {
      await keyspace.flushScripts();
      opened = await CLIENTS[name]([node]);
    });
    afterAll(() => opened.close());

    test("fits, and gives every answer", async () => {
      backend = new RedisSessionBackend(opened.client, { prefix });
      expect(await backend.create("a", newRecord({ userId: "ann", head: 'é\n"head"' }))).toBe(true);
      expect(await backend.create("a", newRecord({ secretHash: "other" }))).toBe(false);
      const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "bob b" };
      const signIn = newPatch({ x: 1 }, { rotation, ifSecretHash: "hash-1", ifVersion: 1 });
      expect(await backend.patch("a", signIn)).toBe("ok");
      expect(await backend.patch("a", newPatch({ y: 1 }))).toBe("stale");
      expect(await backend.patch("a", newPatch({ y: "é" }, { ifEpoch: 1 }))).toBe("merged");
      expect(await backend.patch("gone", newPatch({ y: 1 }))).toBe("ended");
      const record = await backend.read("a");
      const now = record?.now ?? 0;
      expect(now).toEqual(seconds(Date.now() / 1000));
      expect(record).toStrictEqual({
        data: '{"visits":1,"x":1,"y":"é"}',
        secretHash: "hash-2",
        previousSecretHash: "hash-1",
        previousEpoch: 0,
        previousUntil: seconds(now + 10),
        epoch: 1,
        version: 3,
        expiresAt: seconds(now + 100),
        absoluteExpiresAt: seconds(now + 1000),
        userId: "bob b",
        head: 'é\n"head"',
        now,
      });
      expect(await backend.lock("a", 5)).toBe(1);
      expect(await backend.lock("a", 5)).toBe("busy");
      expect(await backend.lock("gone", 5)).toBe("ended");
      expect(await backend.patch("a", newPatch({}, { ifEpoch: 1, ifFence: 0 }))).toBe("stale");
      expect(await backend.relock("a", 1, 0)).toBe(true);
      expect(await backend.relock("a", 2, 0)).toBe(false);
      expect(await backend.lock("a", 5)).toBe(2);
      expect(await backend.listByUser("ann")).toEqual([]);
      expect(await backend.touch("a", 5000)).toBe(true);
      expect(await backend.touch("gone", 5000)).toBe(false);
      const [listed] = await backend.listByUser("bob b");
      expect(listed?.record.expiresAt).toBe(listed?.record.absoluteExpiresAt);
      expect(await backend.revokeUser("bob b", "a")).toEqual([]);
      expect(await backend.delete("a", 2)).toBe(false);
      expect(await backend.revokeUser("bob b")).toEqual(["a"]);
      expect(await backend.delete("a")).toBe(false);
      expect(await backend.create("b", newRecord({ userId: "ann" }))).toBe(true);
      expect(await backend.delete("b")).toBe(true);
      expect(await backend.prune()).toBe(0);
      await backend.save("c", { visits: 1 }, 10);
      expect(await backend.load("c")).toEqual({ visits: 1 });
      expect(await backend.read("c")).toBeUndefined();
      await backend.close();
    });
  });

  test("what is no such client is refused, and so is a prefix that puts all keys on one node", () => {
    for (const client of [undefined, null, {}, "redis://localhost", { get() {}, set() {} }]) {
      const make = () => new RedisSessionBackend(client as unknown as RedisLike);
      expect(make).toThrow(expect.objectContaining({ name: "ConfigError", option: "backend" }));
    }
    for (const wrong of ["{app}:", "a}", 7]) {
      const make = () => new RedisSessionBackend(redis, { prefix: wrong as string });
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(/^prefix: /);
    }
    const sentinel = createSentinel({ name: "main", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] });
    new RedisSessionBackend(sentinel);
  });

  test("a prefix of the client's own comes before ours", async () => {
    const own = new Redis(node.port, node.host, { keyPrefix: `${prefix}own:` });
    backend = new RedisSessionBackend(own, { prefix: "s:" });
    await backend.create("a", newRecord({ userId: "ann" }));
    expect(await backend.listByUser("ann")).toHaveLength(1);
    expect(await keyspace.keys(prefix)).toEqual([
      `${prefix}own:s:a`,
      expect.stringMatching(`^${prefix}own:s:user:`),
    ]);
    own.disconnect();
  });

  test("a client that is not connected is an error of the call, and works once it is", async () => {
    const client = createClient({ url });
    client.on("error", () => {});
    const late = new RedisSessionBackend(client, { prefix });
    await expect(late.read("a")).rejects.toThrow("The client is closed");
    await client.connect();
    expect(await late.read("a")).toBeUndefined();
    client.destroy();
  });

  test("after SCRIPT FLUSH, and while it happens, everything goes on", async () => {
    const opened = await Promise.all([CLIENTS["node-redis"]([node]), CLIENTS["ioredis with RESP3"]([node])]);
    for (const { client, close } of opened) {
      backend = new RedisSessionBackend(client, { prefix: `${prefix}${newPrefix()}` });
      await keyspace.flushScripts();
      expect(await backend.create("a", newRecord({ userId: "ann" }))).toBe(true);
      await keyspace.flushScripts();
      expect(await backend.listByUser("ann")).toHaveLength(1);
      let flushing = true;
      const flushes = (async () => {
        while (flushing) await keyspace.flushScripts();
      })();
      for (let n = 0; n < 200; n++) {
        const record = await backend.read("a");
        const patch = newPatch({ n }, { baseVersion: n + 1 });
        expect([record?.version, await backend.patch("a", patch)]).toEqual([n + 1, "ok"]);
      }
      flushing = false;
      await flushes;
      await close();
    }
  });

  test("every key has a TTL, whatever was done", async () => {
    const handle = fc.constantFrom("a", "b");
    const user = fc.constantFrom("ann", "bob");
    const time = fc.constantFrom(0.001, 1, 50, 1e12);
    const lifetime = fc.record({ idleTimeout: time, absoluteTimeout: time });
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: false };
    const step = fc.oneof(
      fc.tuple(handle, fc.option(user), lifetime).map(([a, userId, life]) => async () => {
        await backend.create(a, newRecord({ userId, ...life }));
      }),
      fc.tuple(handle, time, fc.constantFrom(1, 2, -1)).map(([a, idleTimeout, baseVersion]) => async () => {
        await backend.patch(a, newPatch({ x: 1 }, { idleTimeout, baseVersion }));
      }),
      fc
        .tuple(handle, fc.option(user, { nil: undefined }), fc.option(lifetime, { nil: undefined }))
        .map(([a, userId, life]) => async () => {
          const { absoluteTimeout, ...idle } = life ?? {};
          const more = { ...(userId && { userId }), ...(absoluteTimeout && { absoluteTimeout }) };
          await backend.patch(a, newPatch({}, { ...idle, head: "h", rotation: { ...rotation, ...more } }));
        }),
      fc.tuple(handle, time).map(
        ([a, idle]) =>
          async () =>
            void (await backend.touch(a, idle)),
      ),
      fc.tuple(handle, time).map(
        ([a, idle]) =>
          async () =>
            void (await backend.lock(a, idle)),
      ),
      fc.tuple(handle, time).map(
        ([a, idle]) =>
          async () =>
            void (await backend.relock(a, 1, idle)),
      ),
      handle.map((a) => async () => void (await backend.delete(a))),
      fc.tuple(handle, time).map(
        ([a, idle]) =>
          async () =>
            await backend.save(a, { x: 1 }, idle),
      ),
      fc.tuple(handle, handle, time).map(([a, b, idle]) => async () => {
        await backend.save(a, await backend.load(b), idle);
      }),
      user.map((of) => async () => void (await backend.listByUser(of))),
      user.map((of) => async () => void (await backend.revokeUser(of, "a"))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        for (const run of steps) {
          await run();
          await keyspace.each(prefix, async (on, key) => expect(await on.pttl(key)).not.toBe(-1));
        }
        await keyspace.clear(prefix);
      }),
      { numRuns: 150 },
    );
  });

  test("what is merged is read, until the data are stored whole again", async () => {
    await backend.create("a", newRecord({ data: '{"a":1,"b":2,"c":3}' }));
    const change = (set: Record<string, unknown>, unset: string[]) =>
      newPatch(set, {
        baseVersion: -1,
        changes: () => ({ set: new Map(Object.entries(set).map(([k, v]) => [k, JSON.stringify(v)])), unset }),
      });
    const read = async () => JSON.parse((await backend.read("a"))?.data ?? "");
    await backend.patch("a", change({ d: 4 }, ["a", "never"]));
    expect(await read()).toEqual({ b: 2, c: 3, d: 4 });
    await backend.patch("a", change({ a: 5, __proto__x: null }, ["d", "b"]));
    expect(await read()).toEqual({ a: 5, c: 3, __proto__x: null });
    expect(await backend.patch("a", change({}, []))).toBe("merged");
    expect(await backend.patch("a", newPatch({}, { baseVersion: 4, data: '{"whole":true}' }))).toBe("ok");
    expect(await read()).toEqual({ whole: true });
    expect((await redis.get(`${prefix}a`))?.split("\0")).toEqual([expect.any(String), '{"whole":true}']);
  });

  test("a patch that waited long for a connection is not merged over what others stored since", async () => {
    let now = 0;
    const waiting: RedisLike = {
      async evalsha(sha1: string, keys: number, ...args: string[]) {
        now += 10.001;
        return await redis.evalsha(sha1, keys, ...args);
      },
      eval: (text: string, keys: number, ...args: string[]) => redis.eval(text, keys, ...args),
    };
    await backend.create("a", newRecord());
    const late = withClock(new RedisSessionBackend(waiting, { prefix }), () => now);
    expect(await late.patch("a", newPatch({ x: 1 }))).toBe("ok");
    await expect(late.patch("a", newPatch({ x: 2 }))).rejects.toThrow(/took too long/);
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: false };
    await expect(late.patch("a", newPatch({ x: 2 }, { rotation }))).rejects.toThrow(/took too long/);
    expect(await backend.read("a")).toMatchObject({ data: '{"visits":1,"x":1}', version: 2 });
  });

  test("any data come back as they were, stored whole or merged", async () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    const key = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "d", "v", "+a", "-a", "\n", "\0"));
    const data = fc.dictionary(key, fc.oneof(fc.jsonValue(), text, fc.constant("\ud800")), { maxKeys: 100 });
    await fc.assert(
      fc.asyncProperty(data, data, async (first, second) => {
        await backend.delete("a");
        const whole = JSON.stringify(first);
        await backend.create("a", newRecord({ data: whole }));
        expect((await backend.read("a"))?.data).toBe(whole);
        const set = new Map(Object.entries(second).map(([name, value]) => [name, JSON.stringify(value)]));
        await backend.patch("a", newPatch({}, { baseVersion: -1, changes: () => ({ set, unset: [] }) }));
        const merged = JSON.parse((await backend.read("a"))?.data ?? "");
        const expected = new Map(Object.entries(JSON.parse(whole)));
        for (const [name, value] of set) expected.set(name, JSON.parse(value));
        expect(new Map(Object.entries(merged))).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test("five megabytes and ten thousand keys are no limit", async () => {
    const large = JSON.stringify({ text: "é".repeat(2_500_000) });
    await backend.create("a", newRecord({ data: large }));
    expect((await backend.read("a"))?.data).toBe(large);
    const set = new Map(Array.from({ length: 10_000 }, (_, n) => [`key${n}`, `${n}`] as const));
    await backend.patch("a", newPatch({}, { baseVersion: -1, changes: () => ({ set, unset: ["text"] }) }));
    expect(Object.keys(JSON.parse((await backend.read("a"))?.data ?? ""))).toHaveLength(10_000);
    expect(await backend.patch("a", newPatch({ small: 1 }, { baseVersion: 2 }))).toBe("ok");
    expect((await redis.get(`${prefix}a`))?.split("\0")).toHaveLength(2);
  });

  test("records go from one back-end to another and back with load and save", async () => {
    const time = Math.floor(Date.now() / 1000);
    const memory = withClock(new InMemorySessionBackend(), () => time);
    await memory.create("a", newRecord({ userId: "ann", data: '{"__proto__":{"a":1},"micropie":2}' }));
    await memory.lock("a", 5);
    const dictionary = await memory.load("a");
    await backend.save("a", dictionary ?? {}, 1000);
    expect(await backend.load("a")).toEqual(dictionary);
    const { now: _, ...record } = (await memory.read("a")) ?? { now: 0 };
    expect(await backend.read("a")).toEqual({ ...record, now: expect.any(Number) });
    expect(await backend.lock("a", 5)).toBe("busy");
    expect(await backend.listByUser("ann")).toHaveLength(1);
    await backend.save("a", dictionary ?? {}, 10);
    expect(await redis.pttl(`${prefix}a`)).toBeLessThanOrEqual(10_001);
    await backend.save("a", {}, 0);
    expect(await backend.load("a")).toEqual({});
    const odd = { micropie: { ...(dictionary?.micropie as object), secretHash: "two words\n" } };
    await backend.save("odd", odd, 10);
    expect(await backend.load("odd")).toEqual(odd);
    expect(await backend.read("odd")).toBeUndefined();
  });

  test("a patch that is sent again, because its answer was lost, is done once", async () => {
    // In front of the client: each script is run twice, and the first answer is lost.
    const again: RedisLike = {
      async evalsha(sha1: string, keys: number, ...args: string[]) {
        await redis.evalsha(sha1, keys, ...args);
        return await redis.evalsha(sha1, keys, ...args);
      },
      eval: (text: string, keys: number, ...args: string[]) => redis.eval(text, keys, ...args),
    };
    backend = new RedisSessionBackend(again, { prefix });
    expect(await backend.create("a", newRecord())).toBe(true);
    expect(await backend.create("a", newRecord({ secretHash: "hash-2" }))).toBe(false);
    expect(await backend.patch("a", newPatch({ x: 1 }, { ifVersion: 1 }))).toBe("ok");
    expect(await backend.patch("a", newPatch({ y: 1 }))).toBe("merged");
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "ann" };
    expect(await backend.patch("a", newPatch({}, { rotation, ifSecretHash: "hash-1" }))).toBe("merged");
    expect(await backend.read("a")).toMatchObject({ version: 4, epoch: 1, previousSecretHash: "hash-1" });
    expect(await backend.lock("a", 10)).toBe(1);
    expect(await backend.lock("a", 10)).toBe("busy");
    expect(await backend.create(handleOf(1), newRecord({ userId: "ann" }))).toBe(true);
    expect(await backend.listByUser("ann")).toHaveLength(2);
  });

  test("a server that is too old says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "micropie-"));
    const include = join(folder, "old.conf");
    writeFileSync(include, "rename-command ZRANDMEMBER gone\n");
    const server = await startRedis({ include });
    const old = new Redis(server.port);
    backend = new RedisSessionBackend(old);
    await expect(backend.create("a", newRecord({ userId: "ann" }))).rejects.toThrow(/Redis 6\.2 or newer/);
    old.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
});
