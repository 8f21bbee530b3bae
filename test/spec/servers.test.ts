import { randomBytes } from "node:crypto";
import type { SessionBackend } from "micropie";
import { DynamoDbSessionBackend } from "micropie/backends/dynamodb";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { virtualEnvironment, withClock } from "micropie/testing";
import { afterAll, describe } from "vitest";
import { encrypted } from "../backends/_encrypted.ts";
import { age, dropTable, mysql2, newTable as newMysqlTable } from "../backends/_mysql.ts";
import { newCase, openPool } from "../backends/_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, testStore } from "../backends/_redis.ts";
import { createTable, dynamoClient, startDynamo } from "../servers/dynamodb.ts";
import { onServer } from "../servers/on-server.ts";
import { Ends } from "./_ends.ts";
import { schedules, three } from "./_schedules.ts";
import { WITHOUT_OLD_IDS } from "./_suite.ts";

for (const name of ["redis", "redis-cluster"] as const) {
  await onServer(name, (info) => {
    schedules(async () => {
      const nodes = "url" in info ? [nodeOf(info.url)] : info.nodes;
      const opened = await CLIENTS["url" in info ? "node-redis" : "iovalkey cluster"](nodes);
      const keyspace = new Keyspace(nodes);
      const store = testStore(keyspace, opened);
      const backends = three(() => store.another!() as SessionBackend);
      return {
        backends,
        ends: await Ends.of(backends[0]!),
        advance: async (seconds) => store.advance!(seconds),
        async close() {
          await store.close?.();
          await opened.close();
          keyspace.close();
        },
      };
    }, WITHOUT_OLD_IDS);
  });
}

await onServer("postgres", ({ url }) => {
  schedules(async () => {
    const opened = openPool(url);
    const { table, backend, advance, drop } = newCase(opened);
    await backend.ready();
    const backends = [backend, ...three(() => new PostgresSessionBackend(opened.client, { table }))];
    return {
      backends,
      ends: await Ends.of(backend),
      advance,
      async close() {
        for (const each of backends) await each.close();
        await drop();
        await opened.end();
      },
    };
  }, WITHOUT_OLD_IDS);
});

await onServer("postgres", ({ url }) => {
  describe("encrypted", () => {
    schedules(async () => {
      const opened = openPool(url);
      const { table, backend, advance, drop } = newCase(opened);
      await backend.ready();
      const backends = three(() => encrypted(new PostgresSessionBackend(opened.client, { table })));
      return {
        backends,
        ends: undefined,
        advance,
        async close() {
          for (const each of backends) await each.close();
          await drop();
          await opened.end();
        },
      };
    }, WITHOUT_OLD_IDS);
  });
});

await onServer("mariadb", ({ url }) => {
  schedules(async () => {
    const { client, end } = mysql2(url);
    const table = newMysqlTable();
    const backends = three(() => new MysqlSessionBackend(client, { table }));
    await backends[0]!.prune();
    return {
      backends,
      ends: undefined,
      advance: (seconds) => age(client, table, seconds),
      async close() {
        await dropTable(client, table);
        await end();
      },
    };
  }, WITHOUT_OLD_IDS);
});

const dynamo = await startDynamo();
const dynamoDb = dynamoClient(dynamo);
afterAll(async () => {
  dynamoDb.destroy();
  await dynamo.stop();
});

describe("DynamoDB", () => {
  schedules(async () => {
    const clock = virtualEnvironment();
    const table = `sessions-${randomBytes(6).toString("hex")}`;
    await createTable(dynamoDb, table);
    const backends = three(() => withClock(new DynamoDbSessionBackend(dynamoDb, { table }), clock.now));
    return {
      backends,
      ends: undefined,
      advance: (seconds) => clock.advance(seconds),
      close: () => dynamoDb.deleteTable({ TableName: table }),
    };
  });
});

await onServer("memcached", (server) => {
  schedules(async () => {
    const clock = virtualEnvironment();
    const prefix = `${randomBytes(9).toString("base64url")}:`;
    const backends = three(() => withClock(new MemcachedSessionBackend(server, { prefix }), clock.now));
    const close = async () => {
      for (const each of backends) await each.close();
    };
    return { backends, ends: undefined, advance: (seconds) => clock.advance(seconds), close };
  });
});
