// The back-end suite on a store that is reached over the network: network.ts STORE URL
import { randomBytes } from "node:crypto";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { type BackendSuiteOptions, backendSuite, withClock } from "micropie/testing";
import { createPool } from "mysql2/promise";
import { age, dropTable, mysql2, newTable } from "../../backends/_mysql.ts";
import { newCase, openPool } from "../../backends/_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, testStore } from "../../backends/_redis.ts";

interface Store {
  readonly create: BackendSuiteOptions["create"];
  close(): unknown;
}

const stores: Record<string, (url: string) => Promise<Store>> = {
  async redis(url) {
    const nodes = [nodeOf(url)];
    const keyspace = new Keyspace(nodes);
    const opened = await CLIENTS["node-redis"](nodes);
    const close = async () => {
      keyspace.close();
      await opened.close();
    };
    return { create: () => testStore(keyspace, opened), close };
  },

  async postgres(url) {
    const opened = openPool(url);
    const create = async () => {
      const { backend, advance, drop } = newCase(opened, { prepare: true });
      await backend.ready();
      return { backend, advance, close: drop };
    };
    return { create, close: () => opened.end() };
  },

  async mariadb(url) {
    const admin = createPool(url);
    const pool = mysql2(url);
    const table = newTable();
    const create = async () => {
      const backend = new MysqlSessionBackend(pool.client, { table });
      await backend.prune();
      return {
        backend,
        advance: (seconds: number) => age(admin, table, seconds),
        close: async () => void (await admin.query(`DELETE FROM ${table}`)),
      };
    };
    const close = async () => {
      await pool.end();
      await dropTable(admin, table);
      await admin.end();
    };
    return { create, close };
  },

  async memcached(address) {
    const [host = "", port] = address.split(":");
    const create: Store["create"] = ({ now }) => {
      const prefix = `${randomBytes(9).toString("base64url")}:`;
      const backend = new MemcachedSessionBackend({ host, port: Number(port) }, { prefix });
      return { backend: withClock(backend, now) };
    };
    return { create, close() {} };
  },
};

const [name = "", url = ""] = process.argv.slice(2);
const { create, close } = await stores[name]!(url);
const suite = backendSuite({ create });
const failed: string[] = [];
for (const { name, run } of suite) {
  await run().catch((error: unknown) =>
    failed.push(`${name}\n${error instanceof Error ? error.stack : error}`),
  );
}
await close();
console.log(JSON.stringify({ cases: suite.length, failed }));
