import { Redis } from "ioredis";
import { type LayeredOptions, LayeredSessionBackend } from "micropie/backends/layered";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import pg from "pg";
import postgres from "postgres";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import {
  ENDS,
  endWhileRead,
  isServed,
  type Pair,
  pairOf,
  pause,
  signIn,
  untilCached,
} from "./_layered-ends.ts";
import { dropping, newTable } from "./_postgres.ts";
import { newPrefix } from "./_redis.ts";

/** Seconds. */
const LEASE = 0.05;

/** Two servers on one real store. What the one with the cache is told goes through a proxy. */
interface Site {
  readonly pair: Pair;
  readonly proxy: FaultProxy;
  /** Another way to the store, by which nobody waits. */
  readonly admin: {
    wipe(): Promise<unknown>;
    disconnect(): Promise<unknown>;
    restart?(): Promise<unknown>;
  };
  close(): Promise<void>;
}

type Kind = "node-redis" | "ioredis" | "pg" | "postgres.js";

async function onRedis(kind: Kind, server: RedisServer): Promise<Site> {
  const { url } = server;
  const prefix = newPrefix();
  const { hostname, port } = new URL(url);
  const proxy = await startProxy({ host: hostname, port: Number(port) });
  const client = new Redis(url, { retryStrategy: () => 20 });
  client.on("error", () => {});
  const through =
    kind === "ioredis"
      ? new Redis({ host: proxy.host, port: proxy.port, lazyConnect: true })
      : createClient({ url: `redis://${proxy.host}:${proxy.port}` });
  const inner = () => new RedisSessionBackend(client, { prefix });
  const layered = (redis: NonNullable<LayeredOptions["redis"]>) =>
    new LayeredSessionBackend(inner(), { redis, prefix, lease: LEASE });
  const pair = pairOf(layered(client), layered(through));
  return {
    pair,
    proxy,
    admin: {
      wipe: () => client.flushall(),
      disconnect: () => client.call("CLIENT", "KILL", "TYPE", "PUBSUB"),
      restart: () => server.kill().then(() => server.restart()),
    },
    async close() {
      await pair.ender.close();
      await pair.server.close();
      await proxy.stop();
      client.disconnect();
    },
  };
}

async function onPostgres(kind: Kind, url: string): Promise<Site> {
  const table = newTable();
  const direct = new URL(url);
  const proxy = await startProxy({ host: direct.hostname, port: Number(direct.port) });
  const client = new pg.Pool({ connectionString: url });
  const route = new URL(url);
  route.host = `${proxy.host}:${proxy.port}`;
  route.searchParams.set("application_name", table);
  const pool = new pg.Pool({ connectionString: String(route) });
  const sql = () => postgres(String(route), { max: 1 });
  const inner = () => new PostgresSessionBackend(client, { table, notify: true });
  const layered = (through: NonNullable<LayeredOptions["postgres"]>) =>
    new LayeredSessionBackend(inner(), { postgres: through, table, lease: LEASE });
  const pair = pairOf(layered(client), layered(kind === "pg" ? pool : sql));
  return {
    pair,
    proxy,
    admin: {
      wipe: () => client.query(`TRUNCATE ${table}`),
      disconnect: () =>
        client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [
          table,
        ]),
    },
    async close() {
      await pair.ender.close();
      await pair.server.close();
      await pool.end();
      await proxy.stop();
      await client.query(dropping(table));
      await client.end();
    },
  };
}

const FAULTS: Record<string, (proxy: FaultProxy) => void> = {
  none: () => {},
  "half a second of latency": (proxy) => proxy.latency(500),
  "a black hole": (proxy) => proxy.blackHole(),
  "a black hole for what it is told": (proxy) => proxy.blackHole("replies"),
  "a black hole for what it asks": (proxy) => proxy.blackHole("requests"),
  "a reset": (proxy) => proxy.reset(),
  "a half-open connection": (proxy) => proxy.halfOpen(),
  "a connection cut in the middle of an answer": (proxy) => proxy.cutReply(3),
};

function faultsOn(kind: Kind, open: () => Promise<Site>): void {
  describe(`a session that is cached, told through ${kind}`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await open();
      await site.pair.cache.ready();
    });
    afterAll(() => site.close());

    test.each(Object.entries(FAULTS))(
      "is not served after its end; fault of the channel: %s. It comes back by itself",
      async (_, fault) => {
        const { pair, proxy } = site;
        const sessions = await Promise.all(
          Object.values(ENDS).map(async (end, n) => {
            const user = `user${n}`;
            const cookie = await signIn(pair.ender, user);
            return { end, user, cookie };
          }),
        );
        for (const { cookie } of sessions) await untilCached(pair, cookie);
        fault(proxy);
        const results = await Promise.all(
          sessions.map(({ end, user, cookie }) => endWhileRead(pair, end, cookie, user)),
        );
        expect(results.map(({ servedAfterwards }) => servedAfterwards)).toEqual([0, 0, 0, 0, 0]);
        proxy.heal();
        await untilCached(pair, await signIn(pair.ender, "bob"));
      },
    );

    test("is read from the store as long as the channel is dead, and then from the cache again", async () => {
      const { pair, proxy } = site;
      const { cache, server } = pair;
      const cookie = await signIn(pair.ender, "ann");
      await untilCached(pair, cookie);
      proxy.blackHole();
      await pause(LEASE * 1000);
      const { hits, misses } = cache;
      const until = performance.now() + 2500;
      let reads = 0;
      for (; performance.now() < until; reads += 1) {
        expect(await isServed(server, cookie)).toBe(true);
        await pause(5);
      }
      expect([cache.hits, cache.misses]).toEqual([hits, misses + reads]);
      expect(cache.problem).toBeInstanceOf(Error);
      proxy.heal();
      await untilCached(pair, cookie);
      expect(cache.problem).toBeUndefined();
    });

    test("is not served for long after everything was deleted past all back-ends", async () => {
      const { pair, admin } = site;
      const cookie = await signIn(pair.ender, "ann");
      await untilCached(pair, cookie);
      await admin.wipe();
      await pair.cache.ready();
      expect(await isServed(pair.server, cookie)).toBe(false);
    });

    test("survives that the server ends the channel's connection", async () => {
      const { pair, admin } = site;
      const cookie = await signIn(pair.ender, "ann");
      await untilCached(pair, cookie);
      await admin.disconnect();
      while (pair.cache.problem === undefined) {
        await isServed(pair.server, cookie);
        await pause(1);
      }
      await untilCached(pair, cookie);
      const { servedAfterwards } = await endWhileRead(pair, ENDS["is revoked"]!, cookie, "ann");
      expect(servedAfterwards).toBe(0);
    });

    // On PostgreSQL that is a shared server, which is not ours to kill.
    if (kind === "node-redis" || kind === "ioredis") {
      test("survives that the store is killed and comes back", async () => {
        const { pair, admin } = site;
        const cookie = await signIn(pair.ender, "ann");
        await untilCached(pair, cookie);
        await admin.restart!();
        await untilCached(pair, cookie);
        const { servedAfterwards } = await endWhileRead(pair, ENDS["is destroyed"]!, cookie, "ann");
        expect(servedAfterwards).toBe(0);
      });
    }

    test("is never served after its end: 1,000 random interleavings", async () => {
      const { pair } = site;
      let served = 0;
      for (let round = 0; round < 20; round++) {
        await pair.cache.ready();
        const results = await Promise.all(
          Array.from({ length: 50 }, async (_, n) => {
            const user = `user${round}-${n}`;
            const cookie = await signIn(pair.ender, user);
            const end = Object.values(ENDS)[n % 5]!;
            const step = () => pause(Math.random() * 8);
            return endWhileRead(pair, end, cookie, user, { before: Math.random() * 30, after: 20, step });
          }),
        );
        for (const result of results) {
          expect(result.servedAfterwards).toBe(0);
          served += result.served;
        }
      }
      expect(served).toBeGreaterThan(1000);
    }, 60_000);
  });
}

await onServer("redis", () => {
  // One of our own, which may be emptied and killed.
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());
  for (const kind of ["node-redis", "ioredis"] as const) faultsOn(kind, () => onRedis(kind, server));
});

await onServer("postgres", ({ url }) => {
  for (const kind of ["pg", "postgres.js"] as const) faultsOn(kind, () => onPostgres(kind, url));
});
