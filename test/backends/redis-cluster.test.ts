import { Cluster, Redis } from "ioredis";
import { type RedisLike, RedisSessionBackend } from "micropie/backends/redis";
import { createCluster, createSentinel } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { command, type RedisServer, startRedis } from "../servers/redis.ts";
import { type RedisCluster, startRedisCluster } from "../servers/redis-cluster.ts";
import { type Server, startServer } from "../servers/server.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";
import { newPrefix, type Opened, urlOf } from "./_redis.ts";

/** Clients that read from replicas where they may. */
const CLUSTER_CLIENTS = {
  "node-redis": async ({ nodes }: RedisCluster) => {
    const client = createCluster({
      rootNodes: nodes.map((node) => ({ url: urlOf(node) })),
      useReplicas: true,
      defaults: {
        pingInterval: 1000,
        socket: {
          reconnectStrategy: (retries) => Math.min(retries * 50, 500),
          connectTimeout: 2000,
          socketTimeout: 2000,
        },
      },
    });
    client.on("error", () => {});
    await client.connect();
    const get = (key: string): Promise<unknown> => client.get(key);
    return { client, get, close: () => client.destroy() };
  },
  ioredis: async ({ nodes }: RedisCluster) => {
    const client = new Cluster([...nodes], {
      scaleReads: "slave",
      redisOptions: { connectTimeout: 2000, socketTimeout: 2000, commandTimeout: 2000 },
    });
    client.on("error", () => {});
    return { client, get: (key: string) => client.get(key), close: () => client.disconnect() };
  },
} satisfies Record<string, (cluster: RedisCluster) => Promise<Opened & { get(key: string): unknown }>>;

/** How often this node was called so, by clients and not by its master. */
async function calls(port: number, name: string): Promise<number> {
  const info = String(await command(port, "INFO", "commandstats"));
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
}

const isMaster = async (port: number): Promise<boolean> =>
  String(await command(port, "INFO", "replication")).includes("role:master");

await onServer("redis", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 });
    // Clients are told of a replica only when it has data.
    for (const { port } of cluster.nodes) {
      await until(async () => {
        const slots = (await command(port, "CLUSTER", "SLOTS")) as unknown[][];
        expect(slots.map((range) => range.length)).toEqual([4, 4, 4]);
      });
    }
  });
  afterAll(() => cluster.stop());

  const replicas = async () => {
    const running = cluster.replicas.filter(({ pid }) => pid !== undefined);
    const masters = await Promise.all(running.map(({ port }) => isMaster(port)));
    return running.filter((_, n) => !masters[n]);
  };

  describe.each([
    ["node-redis", 0],
    ["ioredis", 1],
  ] as const)("a Cluster with replicas and %s", (name, victim) => {
    let opened: Awaited<ReturnType<(typeof CLUSTER_CLIENTS)[keyof typeof CLUSTER_CLIENTS]>>;
    let backend: RedisSessionBackend;
    const prefix = newPrefix();
    const handles = Array.from({ length: 30 }, (_, n) => handleOf(n));
    beforeAll(async () => {
      opened = await CLUSTER_CLIENTS[name](cluster);
      backend = new RedisSessionBackend(opened.client, { prefix });
    });
    afterAll(() => opened.close());

    test("many users' sessions lie on all nodes, and none of our commands goes to a replica", async () => {
      await Promise.all(
        handles.map((handle, n) => backend.create(handle, newRecord({ userId: `user${n % 5}` }))),
      );
      for (const { port, pid } of [...cluster.masters, ...cluster.replicas]) {
        if (pid !== undefined && (await isMaster(port)))
          expect(Number(await command(port, "DBSIZE"))).toBeGreaterThan(0);
      }
      for (const handle of handles) {
        expect(await backend.read(handle)).toMatchObject({ version: 1 });
        expect(await backend.touch(handle, 100)).toBe(true);
        expect(await backend.patch(handle, newPatch({ x: 1 }))).toBe("ok");
        await opened.get(`${handle}-theirs`);
      }
      expect(await backend.listByUser("user1")).toHaveLength(6);
      expect(await backend.revokeUser("user4")).toHaveLength(6);
      expect(await backend.listByUser("user4")).toEqual([]);
      const onReplicas = async (command: string) =>
        (await Promise.all((await replicas()).map(({ port }) => calls(port, command)))).reduce(
          (a, b) => a + b,
        );
      expect(await onReplicas("get")).toBeGreaterThan(0);
      expect((await onReplicas("eval")) + (await onReplicas("evalsha"))).toBe(0);
    });

    test("replicas that lag behind never bring back what has ended", async () => {
      // They neither follow nor answer from now on.
      const stopped = await replicas();
      for (const { pid } of stopped) process.kill(pid!, "SIGSTOP");
      try {
        for (const handle of handles) {
          expect(await backend.create(`${handle}x`, newRecord())).toBe(true);
          expect(await backend.delete(`${handle}x`)).toBe(true);
          expect(await backend.read(`${handle}x`)).toBeUndefined();
        }
      } finally {
        for (const { pid } of stopped) process.kill(pid!, "SIGCONT");
      }
    });

    test("a master is killed: its replica takes over, and all is there without a restart", async () => {
      const alive = handles.filter((_, n) => n % 5 !== 4);
      const master = cluster.masters[victim]!;
      await until(async () => expect(await isInSync(master.port)).toBe(true));
      await master.kill();
      await until(async () => expect(await isMaster(cluster.replicas[victim]!.port)).toBe(true));
      await until(async () => {
        const records = await Promise.all(alive.map((handle) => soon(backend.read(handle))));
        expect(records.every((record) => record?.version === 2)).toBe(true);
      });
      for (const handle of alive) {
        expect(await backend.patch(handle, newPatch({ x: 2 }, { baseVersion: 2 }))).toBe("ok");
      }
      expect(await backend.create("new", newRecord({ userId: "user1" }))).toBe(true);
      expect(await backend.listByUser("user1")).toHaveLength(7);
      expect(await backend.revokeUser("user1")).toHaveLength(7);
    });
  });

  describe("Sentinel", () => {
    let first: RedisServer;
    let second: RedisServer;
    let sentinel: Server;
    beforeAll(async () => {
      [first, second] = await Promise.all([startRedis(), startRedis()]);
      await command(second.port, "REPLICAOF", "127.0.0.1", String(first.port));
      await until(async () => expect(await isInSync(first.port)).toBe(true));
      sentinel = await startSentinel(first.port);
    });
    afterAll(async () => {
      await Promise.all([first.stop(), second.stop(), sentinel.stop()]);
    });

    test("a master is killed: both clients find the new one, and all is there", async () => {
      const at = { host: "127.0.0.1", port: sentinel.port };
      const nodeRedis = createSentinel({ name: "main", sentinelRootNodes: [at], scanInterval: 500 });
      nodeRedis.on("error", () => {});
      await nodeRedis.connect();
      const ioredis = new Redis({
        name: "main",
        sentinels: [at],
        retryStrategy: (times) => Math.min(times * 50, 500),
        sentinelRetryStrategy: (times) => Math.min(times * 50, 500),
      });
      ioredis.on("error", () => {});
      const clients: RedisLike[] = [nodeRedis, ioredis];
      const backends = clients.map((client) => new RedisSessionBackend(client));
      for (const [n, backend] of backends.entries()) {
        await backend.create(handleOf(n), newRecord({ userId: "ann" }));
      }
      expect(await command(first.port, "WAIT", "1", "5000")).toBe(1);
      await first.kill();
      await until(async () => expect(await isMaster(second.port)).toBe(true));
      for (const [n, backend] of backends.entries()) {
        await until(async () => {
          const results = ["ok", "merged"];
          expect(results).toContain(await soon(backend.patch(handleOf(n), newPatch({ x: 1 }))));
        });
        expect(await backend.read(handleOf(n))).toMatchObject({ data: '{"visits":1,"x":1}' });
        expect(await backend.listByUser("ann")).toHaveLength(2);
      }
      expect(await backends[0]!.revokeUser("ann")).toHaveLength(2);
      nodeRedis.destroy();
      ioredis.disconnect();
    });
  });
});

async function isInSync(port: number): Promise<boolean> {
  const info = String(await command(port, "INFO", "replication"));
  const offset = /master_repl_offset:(\d+)/.exec(info)?.[1];
  return info.includes(`state=online,offset=${offset},`);
}

/** Fails if it takes long, as the engine does. */
function soon<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("late")), 2000));
  return Promise.race([work, late]);
}

async function startSentinel(master: number): Promise<Server> {
  return startServer({
    wanted: "redis",
    async prepare(home) {
      const lines = [
        `sentinel monitor main 127.0.0.1 ${master} 1`,
        "sentinel down-after-milliseconds main 500",
        "sentinel failover-timeout main 3000",
      ];
      home.write("sentinel.conf", `${lines.join("\n")}\n`);
    },
    args: (port, { folder }) => [`${folder}/sentinel.conf`, "--sentinel", "--port", String(port)],
    async ready(port) {
      const replicas = await command(port, "SENTINEL", "REPLICAS", "main");
      if (!Array.isArray(replicas) || replicas.length === 0) throw new Error("It knows no replica yet.");
    },
  });
}
