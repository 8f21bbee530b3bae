import { randomBytes } from "node:crypto";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { type TestStore, withClock } from "micropie/testing";
import { createPool } from "mysql2/promise";
import { afterAll, beforeAll, describe, test } from "vitest";
import { age, dropTable, mysql2, newTable } from "../backends/_mysql.ts";
import { newCase, OPENERS } from "../backends/_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, type Opened, testStore } from "../backends/_redis.ts";
import { onServer } from "../servers/on-server.ts";
import { dbscSuite } from "./_cases.ts";

await onServer("redis", ({ url }) => {
  describe("sessions bound to devices in Redis", () => {
    let keyspace: Keyspace;
    let opened: Opened;
    beforeAll(async () => {
      keyspace = new Keyspace([nodeOf(url)]);
      opened = await CLIENTS["node-redis"]([nodeOf(url)]);
    });
    afterAll(async () => {
      keyspace.close();
      await opened.close();
    });
    for (const { name, run } of dbscSuite({ create: () => testStore(keyspace, opened) })) test(name, run);
  });
});

await onServer("postgres", ({ url }) => {
  describe("sessions bound to devices in PostgreSQL", () => {
    const opened = OPENERS.pg(url);
    afterAll(() => opened.end());
    const create = async (): Promise<TestStore> => {
      const { backend, advance, drop } = newCase(opened);
      await backend.ready();
      return { backend, advance, close: drop };
    };
    for (const { name, run } of dbscSuite({ create })) test(name, run);
  });
});

await onServer("memcached", (server) => {
  describe("sessions bound to devices in memcached", () => {
    const create = ({ now }: { now: () => number }): TestStore => {
      const prefix = `${randomBytes(9).toString("base64url")}:`;
      return { backend: withClock(new MemcachedSessionBackend(server, { prefix }), now) };
    };
    for (const { name, run } of dbscSuite({ create })) test(name, run);
  });
});

await onServer("mariadb", ({ url }) => {
  describe("sessions bound to devices in MariaDB", () => {
    const admin = createPool(url);
    const pool = mysql2(url);
    const table = newTable();
    afterAll(async () => {
      await pool.end();
      await dropTable(admin, table);
      await admin.end();
    });
    const create = async (): Promise<TestStore> => {
      const backend = new MysqlSessionBackend(pool.client, { table });
      await backend.prune();
      const advance = (seconds: number): Promise<void> => age(admin, table, seconds);
      return { backend, advance, close: async () => void (await admin.query(`DELETE FROM ${table}`)) };
    };
    for (const { name, run } of dbscSuite({ create })) test(name, run);
  });
});
