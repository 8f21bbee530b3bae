import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { createCluster } from "redis";
import { expect, test } from "vitest";
import { until } from "../_until.ts";
import { query as queryMariadb, startMariadb } from "./mariadb.ts";
import { command as commandMemcached, startMemcached } from "./memcached.ts";
import { startNginx } from "./nginx.ts";
import { onServer } from "./on-server.ts";
import { startPgBouncer } from "./pgbouncer.ts";
import { query, startPostgres } from "./postgres.ts";
import { childrenOf, isRunning } from "./processes.ts";
import { startPrometheus } from "./prometheus.ts";
import { command, startRedis } from "./redis.ts";
import { startRedisCluster } from "./redis-cluster.ts";
import type { Server } from "./server.ts";

/** What each server does, whichever it is. */
async function itsLife<Each extends Server>(
  server: Each,
  how: {
    write(server: Each): Promise<unknown>;
    /** Answers 42 if what was written is there. Throws if there is no server. */
    read(server: Each): Promise<unknown>;
    readonly keeps: boolean;
  },
): Promise<void> {
  try {
    const { port, pid, folder } = server;
    expect(isRunning(pid!)).toBe(true);
    expect(existsSync(folder!)).toBe(true);
    await how.write(server);
    expect(await how.read(server)).toBe(42);

    const family = childrenOf(pid!);
    await server.kill();
    expect([pid!, ...family].filter(isRunning)).toEqual([]);
    expect(server.pid).toBeUndefined();
    await expect(how.read(server)).rejects.toThrow();
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect((await how.read(server)) === 42).toBe(how.keeps);

    await how.write(server);
    await server.restart();
    expect((await how.read(server)) === 42).toBe(how.keeps);

    const last = [server.pid!, ...childrenOf(server.pid!)];
    await server.stop();
    await server.stop();
    expect(last.filter(isRunning)).toEqual([]);
    expect(existsSync(folder!)).toBe(false);
    await expect(server.restart()).rejects.toThrow("stopped");
  } finally {
    await server.stop();
  }
}

await onServer("redis", () => {
  test("it starts, answers, is killed, starts again with its data, and leaves nothing", async () => {
    const server = await startRedis({ databases: "3" });
    expect(await command(server.port, "CONFIG", "GET", "databases")).toEqual(["databases", "3"]);
    await itsLife(server, {
      write: ({ port }) => command(port, "SET", "answer", "42"),
      read: async ({ port }) => Number(await command(port, "GET", "answer")),
      keeps: true,
    });
  });

  test("a wrong setting is an error with the server's own message", async () => {
    await expect(startRedis({ "maxmemory-policy": "nonsense" })).rejects.toThrow(
      /redis did not start[\s\S]*argument\(s\) must be one of the following/,
    );
  });

  test("a server that is frozen is stopped too", async () => {
    const server = await startRedis();
    const { pid } = server;
    process.kill(pid!, "SIGSTOP");
    await server.stop();
    expect(isRunning(pid!)).toBe(false);
  });
});

await onServer("redis-cluster", () => {
  test("a replica takes over from a master that is killed, and nothing is left in the end", async () => {
    const cluster = await startRedisCluster({ replicas: 1 });
    const { nodes, masters, replicas, pids } = cluster;
    const folders = [...masters, ...replicas].map(({ folder }) => folder!);
    const client = createCluster({
      rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })),
    });
    client.on("error", () => {});
    try {
      expect([nodes.length, masters.length, replicas.length]).toEqual([6, 3, 3]);
      await client.connect();
      const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
      for (const key of keys) await client.set(key, key);
      const each = masters.map(async ({ port }) => Number(await command(port, "DBSIZE")));
      expect((await Promise.all(each)).filter((size) => size > 0).length).toBe(3);
      for (const { port } of masters) expect(await command(port, "WAIT", "1", "5000")).toBe(1);

      await masters[1]!.kill();
      await until(async () => {
        const [role] = (await command(replicas[1]!.port, "ROLE")) as string[];
        if (role !== "master") throw new Error("The replica has not taken over yet.");
      });
      await cluster.whole();
      for (const key of keys) expect(await until(() => client.get(key))).toBe(key);
      await masters[1]!.restart();
      await cluster.whole();
      expect(cluster.pids.every((pid) => pid !== undefined)).toBe(true);
    } finally {
      client.destroy();
      await cluster.stop();
    }
    expect(pids.filter((pid) => isRunning(pid!))).toEqual([]);
    expect(folders.filter(existsSync)).toEqual([]);
  });

  test("it keeps its data when all of it is killed", async () => {
    const cluster = await startRedisCluster();
    try {
      const { port } = cluster.masters[0]!;
      // Its slot, 5061, is in the first third.
      await command(port, "SET", "bar", "42");
      await cluster.kill();
      await cluster.restart();
      expect(await command(port, "GET", "bar")).toBe("42");
    } finally {
      await cluster.stop();
    }
  });
});

await onServer("postgres", ({ url }) => {
  test("it starts, answers, is killed, starts again with its data, and leaves nothing", async () => {
    const server = await startPostgres({ work_mem: "1MB" });
    expect(await query(server.adminUrl, "SHOW work_mem")).toEqual([{ work_mem: "1MB" }]);
    await itsLife(server, {
      async write({ url }) {
        await query(url, "CREATE TABLE IF NOT EXISTS answers AS SELECT 42 AS answer");
      },
      read: async ({ url }) => (await query(url, "SELECT answer FROM answers"))[0]?.answer,
      keeps: true,
    });
  });

  test("a wrong setting is an error with the server's own message", async () => {
    await expect(startPostgres({ work_mem: "nonsense" })).rejects.toThrow(
      /postgres did not start[\s\S]*invalid value for parameter "work_mem"/,
    );
  });

  test("the role micropie owns its database, and is no superuser", async () => {
    await query(url, "CREATE TABLE mine_alone (id int)");
    await query(url, "DROP TABLE mine_alone");
    await expect(query(url, "CREATE ROLE other")).rejects.toThrow("permission denied");
  });
});

await onServer("pgbouncer", ({ postgresUrl }) => {
  test("it starts, answers, is killed, starts again, and leaves nothing", async () => {
    await itsLife(await startPgBouncer({ url: postgresUrl }), {
      write: async () => {},
      read: async ({ url }) => (await query(url, "SELECT 42 AS answer"))[0]?.answer,
      keeps: true,
    });
  });

  test("two clients that are connected at the same time share a connection, a transaction at a time", async () => {
    const pooler = await startPgBouncer({ url: postgresUrl }, { default_pool_size: "1" });
    const clients = [1, 2].map(() => new pg.Client({ connectionString: pooler.url }));
    await Promise.all(clients.map((client) => client.connect()));
    const pids = await Promise.all(clients.map((client) => client.query("SELECT pg_backend_pid() AS pid")));
    expect(pids[0]!.rows).toEqual(pids[1]!.rows);
    await Promise.all(clients.map((client) => client.end()));
    await pooler.stop();
  });
});

await onServer("mariadb", () => {
  test("it starts, answers, is killed, starts again with its data, and leaves nothing", async () => {
    const server = await startMariadb({ "max-connections": "55" });
    expect(await queryMariadb(server.adminUrl, "SELECT @@max_connections AS most")).toEqual([{ most: 55 }]);
    await itsLife(server, {
      async write({ url }) {
        await queryMariadb(url, "CREATE TABLE IF NOT EXISTS answers AS SELECT 42 AS answer");
      },
      read: async ({ url }) => (await queryMariadb(url, "SELECT answer FROM answers"))[0]?.answer,
      keeps: true,
    });
  });

  test("a wrong setting is an error with the server's own message", async () => {
    await expect(startMariadb({ nonsense: "1" })).rejects.toThrow(
      /mariadb did not start[\s\S]*unknown variable 'nonsense=1'/,
    );
  });
});

await onServer("memcached", () => {
  test("it starts, answers, is killed, starts again empty, and leaves nothing", async () => {
    await itsLife(await startMemcached(), {
      write: ({ port }) => commandMemcached(port, "set answer 0 0 2\r\n42"),
      read: async ({ port }) => {
        const answer = await commandMemcached(port, "get answer");
        return Number(answer.match(/^VALUE answer 0 2\r\n(\d+)\r\n/)?.[1]);
      },
      keeps: false,
    });
  });
});

await onServer("nginx", () => {
  /** Serves this on a port of its own while it is needed. */
  async function withSite(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
    const site = createServer(listener).listen(0, "127.0.0.1");
    await once(site, "listening");
    try {
      await use(`http://127.0.0.1:${(site.address() as AddressInfo).port}`);
    } finally {
      site.closeAllConnections();
      site.close();
    }
  }
  /** Asks on a connection of its own. */
  const ask = (url: string, cookie = ""): Promise<Response> =>
    fetch(url, { headers: { connection: "close", cookie } });

  test("it starts, answers, is killed, starts again with its cache, and leaves nothing", async () => {
    await withSite(
      ({ headers }, response) => response.end(headers.cookie ?? "nothing new"),
      async (url) => {
        await itsLife(await startNginx({ url }), {
          write: async (server) => void (await ask(server.url, "42")),
          read: async (server) => Number(await (await ask(server.url)).text()),
          keeps: true,
        });
      },
    );
  });

  test("it gives one user's answer to another, also its cookie, unless it is private or varies", async () => {
    const own: Record<string, Record<string, string>> = {
      "/private": { "cache-control": "private" },
      "/no-store": { "cache-control": "no-store" },
      "/varies": { vary: "Cookie" },
    };
    const listener: RequestListener = ({ url, headers }, response) => {
      response.writeHead(url === "/missing" ? 404 : 200, {
        "set-cookie": `of=${headers.cookie}`,
        ...own[url!],
      });
      response.end(headers.cookie);
    };
    /** What bob gets where ann has asked before: whose text, whose cookie, and whether it was kept. */
    const seen = async (url: string, path: string): Promise<unknown[]> => {
      await (await ask(`${url}${path}`, "ann")).text();
      const response = await ask(`${url}${path}`, "bob");
      const { headers } = response;
      return [await response.text(), headers.get("set-cookie"), headers.get("x-cache-status")];
    };
    await withSite(listener, async (url) => {
      const obeying = await startNginx({ url });
      const ignoring = await startNginx({ url }, { ignored: ["Cache-Control", "Vary"] });
      const anns = ["ann", "of=ann", "HIT"];
      for (const path of ["/", "/missing"]) expect(await seen(obeying.url, path)).toEqual(anns);
      for (const path of Object.keys(own)) {
        expect(await seen(obeying.url, path)).toEqual(["bob", "of=bob", "MISS"]);
        expect(await seen(ignoring.url, path)).toEqual(anns);
      }
      await Promise.all([obeying.stop(), ignoring.stop()]);
    });
  });
});

await onServer("prometheus", () => {
  test("it starts, scrapes, answers queries, starts again with its data, and leaves nothing", async () => {
    const site = createServer((_, response) => response.end("answer 42\n")).listen(0, "127.0.0.1");
    await once(site, "listening");
    const server = await startPrometheus([`127.0.0.1:${(site.address() as AddressInfo).port}`]);
    const scraped = async (): Promise<number> => {
      const [series] = await server.query("answer");
      if (series === undefined) throw new Error("Nothing was scraped yet.");
      return series.value;
    };
    try {
      expect(await until(scraped)).toBe(42);
      await expect(server.query("answer{")).rejects.toThrow(/parse error/);
      site.closeAllConnections();
      site.close();
      await server.restart();
      expect(await server.query("max_over_time(answer[1h])")).toMatchObject([{ value: 42 }]);
    } finally {
      site.close();
      await server.stop();
    }
    expect(existsSync(server.folder!)).toBe(false);
  });
});
