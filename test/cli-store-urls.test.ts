import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCertificate } from "./_certificate.ts";
import { ensureDist, root } from "./_command.ts";
import { begin, micropie } from "./_operated.ts";
import { freePort } from "./_port.ts";
import { openStore, type StoreSpec } from "./processes/stores.ts";
import { onServer } from "./servers/on-server.ts";
import { type RedisServer, startRedis } from "./servers/redis.ts";
import { type RedisSentinel, startRedisSentinel } from "./servers/redis-sentinel.ts";

// Every form of URL of the table in docs/operators.md, with every client that it names, on a real server.

const folder = mkdtempSync(join(tmpdir(), "micropie-cli-urls-"));
const started: { stop(): Promise<void> }[] = [];
beforeAll(ensureDist);
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
        expect(ended, what).toMatchObject({ code: 0, out: "Ended 3 sessions.\n" });
      }
  } finally {
    await store.backend.close();
    await store.close();
  }
}

const REDIS = ["redis", "ioredis", "iovalkey"];

await onServer("redis", ({ url }) => {
  const spec: StoreSpec = { kind: "redis", url, prefix: "urls:" };

  test("redis://, by each client", () => works(REDIS, spec, [url, `${url}/0`]));

  test("rediss://, by each client, and refused while nobody vouches for the certificate", async () => {
    const { cert, key } = createCertificate();
    for (const [name, text] of Object.entries({ cert, key })) writeFileSync(join(folder, name), text);
    const port = await freePort();
    const server: RedisServer = await startRedis({
      "tls-port": String(port),
      "tls-cert-file": join(folder, "cert"),
      "tls-key-file": join(folder, "key"),
      "tls-auth-clients": "no",
    });
    started.push(server);
    const secure = `rediss://localhost:${port}`;
    const trusted = { NODE_EXTRA_CA_CERTS: join(folder, "cert") };
    await works(REDIS, { kind: "redis", url: server.url, prefix: "urls:" }, [secure], trusted);
    for (const client of REDIS) {
      const { code, err } = await micropie(projectWith(client), ["sessions", "count", "--store", secure]);
      expect([code, err], client).toEqual([
        1,
        expect.stringMatching(/^micropie: rediss:\/\/localhost:\d+: .*self-signed.*\n$/i),
      ]);
    }
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
