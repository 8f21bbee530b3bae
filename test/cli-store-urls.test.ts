import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCertificate } from "./_certificate.ts";
import { ensureDist, root } from "./_command.ts";
import { begin, micropie } from "./_operated.ts";
import { freePort } from "./_port.ts";
import { until } from "./_until.ts";
import { openStore, type StoreSpec } from "./processes/stores.ts";
import { onServer } from "./servers/on-server.ts";
import { command, type RedisServer, startRedis } from "./servers/redis.ts";
import { type RedisSentinel, startRedisSentinel } from "./servers/redis-sentinel.ts";
import { startServer } from "./servers/server.ts";

// Every form of URL of the table in docs/operators.md, with every client that it names, on a real server.

const folder = mkdtempSync(join(tmpdir(), "micropie-cli-urls-"));
const started: { stop(): Promise<void> }[] = [];
beforeAll(() => {
  ensureDist();
  for (const [name, text] of Object.entries(createCertificate())) writeFileSync(join(folder, name), text);
});
afterAll(async () => {
  for (const server of started) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A user's project that has one client alone. */
function projectWith(client: string): string {
  const project = join(folder, client);
  mkdirSync(join(project, "node_modules"), { recursive: true });
  const link = join(project, "node_modules", client);
  rmSync(link, { force: true });
  symlinkSync(join(root, "node_modules", client), link);
  return project;
}

const BEGUN = [
  { user: "ann", data: { visits: 1 } },
  { user: "bob", data: { visits: 2 } },
  { data: { visits: 3 } },
];

/** The command counts, lists and ends what was begun there, whichever client the project has. */
async function works(
  clients: readonly string[],
  spec: StoreSpec,
  urls: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const store = await openStore(spec);
  const names = "prefix" in spec ? ["--prefix", spec.prefix] : "table" in spec ? ["--table", spec.table] : [];
  try {
    for (const client of clients)
      for (const url of urls) {
        const { handles } = await begin(store.backend, BEGUN);
        const run = (...args: string[]) =>
          micropie(projectWith(client), ["sessions", ...args, "--store", url, ...names], env);
        const what = `${client} on ${url}`;
        const counted = await run("count", "--where", "data.visits>0");
        expect(counted, what).toEqual({ code: 0, out: "3 sessions\n", err: expect.any(String) });
        const { out } = await run("list", "--json");
        const lines = out.trimEnd().split("\n");
        expect(lines.map((line) => (JSON.parse(line) as { handle: string }).handle).sort(), what).toEqual(
          [...handles].sort(),
        );
        const ended = await run("revoke", "--where", "data.visits>0", "--yes");
        expect(ended, `${what}: ${ended.err}`).toMatchObject({ code: 0, out: "Ended 3 sessions.\n" });
      }
  } finally {
    await store.backend.close();
    await store.close();
  }
}

const REDIS = ["redis", "ioredis", "iovalkey"];
const TLS = {
  "tls-cert-file": join(folder, "cert"),
  "tls-key-file": join(folder, "key"),
  "tls-ca-cert-file": join(folder, "cert"),
  "tls-auth-clients": "no",
};
const TRUSTED = { NODE_EXTRA_CA_CERTS: join(folder, "cert") };

/** Starts a Redis that also listens with TLS, on another port, with a certificate of its own. */
async function startSecure(
  settings: Record<string, string> = {},
): Promise<{ server: RedisServer; port: number }> {
  const port = await freePort();
  const server = await startRedis({ "tls-port": String(port), ...TLS, ...settings });
  started.push(server);
  return { server, port };
}

await onServer("redis", ({ url }) => {
  const spec: StoreSpec = { kind: "redis", url, prefix: "urls:" };

  test("redis://, by each client", () => works(REDIS, spec, [url, `${url}/0`]));

  test("rediss://, by each client, and refused while nobody vouches for the certificate", async () => {
    const { server, port } = await startSecure();
    const secure = `rediss://localhost:${port}`;
    await works(REDIS, { kind: "redis", url: server.url, prefix: "urls:" }, [secure], TRUSTED);
    for (const client of REDIS) {
      const { code, err } = await micropie(projectWith(client), ["sessions", "count", "--store", secure]);
      expect([code, err], client).toEqual([
        1,
        expect.stringMatching(/^micropie: rediss:\/\/localhost:\d+: .*self-signed.*\n$/i),
      ]);
    }
  });

  test("rediss-cluster://, by each client", async () => {
    const { server, port } = await startSecure({
      "cluster-enabled": "yes",
      "tls-cluster": "yes",
      "cluster-announce-hostname": "localhost",
      "cluster-preferred-endpoint-type": "hostname",
    });
    await command(server.port, "CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await until(async () =>
      expect(String(await command(server.port, "CLUSTER", "INFO"))).toContain("cluster_state:ok"),
    );
    const spec: StoreSpec = {
      kind: "redis-cluster",
      nodes: [{ host: "127.0.0.1", port: server.port }],
      prefix: "urls:",
    };
    await works(REDIS, spec, [`rediss-cluster://localhost:${port}`], TRUSTED);
  });

  test("rediss-sentinel://, by each client", async () => {
    const { server, port } = await startSecure();
    const sentinelPort = await freePort();
    const conf = `sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel monitor main localhost ${port} 1
tls-replication yes
tls-port ${sentinelPort}
${Object.entries(TLS)
  .map((line) => line.join(" "))
  .join("\n")}
`;
    const sentinel = await startServer({
      wanted: "redis",
      prepare: async (home) => void home.write("sentinel.conf", conf),
      args: (plain, home) =>
        [join(home.folder, "sentinel.conf"), "--sentinel", "--port", String(plain)].concat([
          "--dir",
          home.folder,
          "--bind",
          "127.0.0.1",
        ]),
      async ready(plain) {
        const about = String(await command(plain, "SENTINEL", "MASTER", "main"));
        if (!/flags,master,/.test(about)) throw new Error(`The sentinel does not see the primary: ${about}`);
      },
    });
    started.push(sentinel);
    const spec: StoreSpec = { kind: "redis", url: server.url, prefix: "urls:" };
    await works(REDIS, spec, [`rediss-sentinel://localhost:${sentinelPort}/main`], TRUSTED);
  });

  test("redis-sentinel://, by each client", async () => {
    const sentinel: RedisSentinel = await startRedisSentinel();
    started.push(sentinel);
    const { host, port } = sentinel.sentinel;
    const primary = await sentinel.primary();
    await works(REDIS, { kind: "redis", url: primary, prefix: "urls:" }, [
      `redis-sentinel://${host}:${port}/${sentinel.name}`,
    ]);
  });
});

await onServer("redis-cluster", ({ nodes }) => {
  const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join(",");
  test("redis-cluster://, by each client", () =>
    works(REDIS, { kind: "redis-cluster", nodes, prefix: "urls:" }, [`redis-cluster://${hosts}`]));
});

await onServer("postgres", ({ url }) => {
  test("postgres:// and postgresql://, by each client", () =>
    works(["pg", "postgres"], { kind: "postgres", url, table: "urls" }, [
      url,
      url.replace(/^postgres:/, "postgresql:"),
    ]));
});

await onServer("mariadb", ({ url }) => {
  test("mysql:// and mariadb://, by each client", () =>
    works(["mysql2", "mariadb"], { kind: "mysql", url, table: "urls" }, [
      url,
      url.replace(/^mysql:/, "mariadb:"),
    ]));
});
