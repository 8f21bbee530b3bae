import { MysqlSessionBackend } from "micropie/backends/mysql";
import { backendSuite } from "micropie/testing";
import { createPool } from "mysql2/promise";
import { afterAll, describe, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { age, dropTable, mariadb, mysql2, newTable } from "./_mysql.ts";

await onServer("mariadb", ({ url }) => {
  const admin = createPool(url);
  afterAll(() => admin.end());

  for (const [client, open] of Object.entries({ mysql2, mariadb })) {
    describe(`MysqlSessionBackend with a pool of ${client}`, () => {
      const pool = open(url);
      const table = newTable();
      afterAll(async () => {
        await pool.end();
        await dropTable(admin, table);
      });

      const create = async () => {
        const backend = new MysqlSessionBackend(pool.client, { table });
        // Some cases give a call 20 milliseconds, in which no table is made.
        await backend.prune();
        return {
          backend,
          advance: (seconds: number) => age(admin, table, seconds),
          // One table for all cases of this file: making one takes longer than most of them.
          close: async () => void (await admin.query(`DELETE FROM ${table}`)),
        };
      };
      for (const { name, run } of backendSuite({ create })) test(name, run);
    });
  }
});
