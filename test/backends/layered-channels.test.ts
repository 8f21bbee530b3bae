import { once } from "node:events";
import { Socket } from "node:net";
import { Redis } from "ioredis";
import * as iovalkey from "iovalkey";
import { InMemorySessionBackend } from "micropie";
import { type LayeredOptions, LayeredSessionBackend, type OpenChannel } from "micropie/backends/layered";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import { newHandle, recordOf } from "micropie/testing/cases/_records";
import pg from "pg";
import postgres from "postgres";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import { ENDS, endWhileRead, isServed, pairOf, pause, signIn, untilCached } from "./_layered-ends.ts";
import { dropping, newTable } from "./_postgres.ts";
import { newPrefix } from "./_redis.ts";

/** Seconds. */
const LEASE = 0.05;

type Template = NonNullable<LayeredOptions["redis"]>;

test("a channel that is still opening after five seconds is given up, and told so", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const signals: AbortSignal[] = [];
  const channel: OpenChannel = (_, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const backend = new LayeredSessionBackend(new InMemorySessionBackend(), { channel, lease: LEASE });
  const ready = backend.ready();
  ready.catch(() => {});
  await vi.advanceTimersByTimeAsync(4900);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  await vi.advanceTimersByTimeAsync(2000);
  await expect(ready).rejects.toThrow("did not open within 5 seconds");
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  void backend.read(newHandle());
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  await backend.close();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  warned.mockRestore();
  vi.useRealTimers();
});

await onServer("redis", () => {
  let server: RedisServer;
  let admin: Redis;
  const opened: LayeredSessionBackend[] = [];
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    admin.on("error", () => {});
  });
  afterAll(async () => {
    await Promise.all(opened.map((backend) => backend.close()));
    admin?.disconnect();
    await server?.stop();
  });

  function layered(redis: Template, prefix = newPrefix(), data: Redis = admin): LayeredSessionBackend {
    const inner = new RedisSessionBackend(data, { prefix });
    const backend = new LayeredSessionBackend(inner, { redis, prefix, lease: LEASE });
    opened.push(backend);
    return backend;
  }

  /** How often the server was asked each thing since the last time. */
  async function commands(): Promise<Record<string, number>> {
    const stats = await admin.info("commandstats");
    await admin.config("RESETSTAT");
    const found = stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
    return Object.fromEntries(Array.from(found, ([, name, calls]) => [name, Number(calls)]));
  }

  test("a hit asks the server for nothing; the channel, for two small things four times a lease", async () => {
    const backend = layered(admin);
    const handle = newHandle();
    await backend.create(handle, recordOf({ a: 1 }));
    await backend.ready();
    await backend.read(handle);
    await commands();
    const began = performance.now();
    const { hits } = backend;
    while (backend.hits < hits + 10_000) {
      await backend.ready();
      for (let n = 0; n < 1000; n++) await backend.read(handle);
    }
    const turns = Math.ceil((performance.now() - began) / ((LEASE * 1000) / 5)) + 10;
    const { evalsha = 0, del = 0, ping = 0 } = await commands();
    expect(evalsha).toBeLessThanOrEqual(2);
    expect(del).toBeLessThanOrEqual(turns);
    expect(ping).toBe(del);
  });

  describe("over two connections", () => {
    const FAULTS: Record<string, (faulty: FaultProxy) => void> = {
      "is black": (faulty) => faulty.blackHole(),
      "answers nothing": (faulty) => faulty.blackHole("replies"),
      "is reset": (faulty) => faulty.reset(),
      "is half-open": (faulty) => faulty.halfOpen(),
    };
    describe.each([0, 1])("number %i of which", (number) => {
      test.each(Object.entries(FAULTS))("%s: nothing that ended is served", async (_, fault) => {
        const proxy = await startProxy({ host: "127.0.0.1", port: server.port });
        const faulty = createClient({ url: `redis://127.0.0.1:${proxy.port}` });
        const sound = createClient({ url: server.url });
        let made = 0;
        const template = {
          sendCommand: sound.sendCommand,
          subscribe: sound.subscribe,
          options: {},
          duplicate(options: { socket: object }) {
            const client = made++ % 2 === number ? faulty : sound;
            return client.duplicate({ ...options, socket: { ...client.options.socket, ...options.socket } });
          },
        } as unknown as Template;
        const prefix = newPrefix();
        const pair = pairOf(layered(admin, prefix), layered(template, prefix));
        await pair.cache.ready();
        const cookie = await signIn(pair.ender, "ann");
        await untilCached(pair, cookie);
        fault(proxy);
        const { servedAfterwards } = await endWhileRead(pair, ENDS["is destroyed"]!, cookie, "ann");
        expect(servedAfterwards).toBe(0);
        await pair.cache.close();
        await proxy.stop();
      });
    });
  });

  test.each(["node-redis", "ioredis", "iovalkey"])(
    "%s may put a prefix of its own before every key",
    async (name) => {
      const keyPrefix = `app-${newPrefix()}`;
      const clients: Record<string, () => Template> = {
        "node-redis": () => createClient({ url: server.url, keyPrefix }),
        ioredis: () => new Redis(server.url, { keyPrefix, lazyConnect: true }),
        iovalkey: () => new iovalkey.Redis(server.url, { keyPrefix, lazyConnect: true }),
      };
      const data = new Redis(server.url, { keyPrefix });
      const backend = layered(clients[name]!(), newPrefix(), data);
      await backend.ready();
      const handle = newHandle();
      await backend.create(handle, recordOf({ a: 1 }));
      await backend.read(handle);
      await backend.ready();
      await backend.read(handle);
      expect(backend.hits).toBe(1);
      data.disconnect();
    },
  );

  test("a user with few rights will do", async () => {
    await admin.call("ACL", "SETUSER", "few", ...">secret ~session:* &__redis__:invalidate".split(" "));
    await admin.call("ACL", "SETUSER", "few", "on", "+@connection", "+subscribe", "+del", "+info");
    for (const client of [
      createClient({ url: server.url, username: "few", password: "secret" }),
      new Redis(server.url, { username: "few", password: "secret", lazyConnect: true }),
    ]) {
      const backend = layered(client, "session:");
      await backend.ready();
      expect(backend.problem).toBeUndefined();
      await backend.close();
    }
    await admin.call("ACL", "SETUSER", "few", "-del");
    const backend = layered(
      createClient({ url: server.url, username: "few", password: "secret" }),
      "session:",
    );
    await expect(backend.ready()).rejects.toThrow("NOPERM");
  });

  test("a server that is made a replica is believed no more", async () => {
    const primary = await startRedis();
    const other = new Redis(server.url);
    const pair = pairOf(layered(admin, "demoted:"), layered(createClient({ url: server.url }), "demoted:"));
    const cookie = await signIn(pair.ender, "ann");
    await untilCached(pair, cookie);
    await other.replicaof("127.0.0.1", primary.port);
    await pause(LEASE * 1000);
    const { hits } = pair.cache;
    for (let n = 0; n < 20; n++) {
      await isServed(pair.server, cookie).catch(() => {});
      await pause(5);
    }
    expect(pair.cache.hits).toBe(hits);
    expect(String(pair.cache.problem)).toContain("READONLY");
    await other.replicaof("NO", "ONE");
    other.disconnect();
    await primary.stop();
  });

  test("a client that cannot be closed twice, as of redis 5, is no uncaught error when it cannot connect", async () => {
    const client = createClient({ url: "redis://127.0.0.1:1" });
    const template = {
      sendCommand: client.sendCommand,
      subscribe: client.subscribe,
      options: {},
      duplicate(options: { socket: object }) {
        const socket = { ...client.options.socket, ...options.socket };
        return Object.assign(client.duplicate({ ...options, socket }), {
          destroy() {
            throw new Error("The client is closed");
          },
        });
      },
    } as unknown as Template;
    const uncaught = vi.fn();
    process.on("uncaughtExceptionMonitor", uncaught);
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await expect(layered(template).ready()).rejects.toThrow("ECONNREFUSED");
    await pause(1);
    process.off("uncaughtExceptionMonitor", uncaught);
    warned.mockRestore();
    expect(uncaught).not.toHaveBeenCalled();
  });

  test("a cluster is refused, and what else has no duplicates", () => {
    const cluster = createCluster({ rootNodes: [{ url: server.url }] });
    for (const redis of [cluster, {}, { duplicate() {} }])
      expect(() => layered(redis as Template)).toThrow(expect.objectContaining({ option: "redis" }));
  });
});

await onServer("pgbouncer", ({ url, postgresUrl }) => {
  test.each(["pg", "postgres.js"])(
    "a pooler that shares connections is found out, through %s",
    async (name) => {
      const table = newTable();
      const pooled = new pg.Pool({ connectionString: url });
      const direct = new pg.Pool({ connectionString: postgresUrl });
      const inner = new PostgresSessionBackend(pooled, { table, notify: true, prepare: false });
      await inner.ready();
      const through = (to: string, pool: pg.Pool) =>
        new LayeredSessionBackend(inner, {
          postgres: name === "pg" ? pool : () => postgres(to, { prepare: false }),
          table,
          lease: LEASE,
        });
      const wrong = through(url, pooled);
      await expect(wrong.ready()).rejects.toThrow("pooler");
      await wrong.close();
      const right = through(postgresUrl, direct);
      await right.ready();
      await right.close();
      await direct.query(dropping(table));
      await pooled.end();
      await direct.end();
    },
  );
});

await onServer("postgres", ({ url }) => {
  test("a connection whose other end is silent is closed too, so that the process can end", async () => {
    const table = newTable();
    const direct = new URL(url);
    const proxy = await startProxy({ host: direct.hostname, port: Number(direct.port) });
    const route = new URL(url);
    route.host = `${proxy.host}:${proxy.port}`;
    const socket = new Socket();
    const through = new pg.Pool({ connectionString: String(route), stream: () => socket });
    const pool = new pg.Pool({ connectionString: url });
    const inner = new PostgresSessionBackend(pool, { table, notify: true });
    const backend = new LayeredSessionBackend(inner, { postgres: through, table, lease: LEASE });
    await backend.ready();
    proxy.blackHole();
    const closed = once(socket, "close");
    await backend.close();
    await closed;
    await proxy.stop();
    await pool.query(dropping(table));
    await pool.end();
  });

  test("a table whose changes nobody is told of is found out", async () => {
    const table = newTable();
    const pool = new pg.Pool({ connectionString: url });
    const inner = new PostgresSessionBackend(pool, { table });
    await inner.ready();
    const backend = new LayeredSessionBackend(inner, { postgres: pool, table, lease: LEASE });
    await expect(backend.ready()).rejects.toThrow("told nothing of a change in the store");
    await backend.close();
    await pool.query(dropping(table));
    await pool.end();
  });
});
