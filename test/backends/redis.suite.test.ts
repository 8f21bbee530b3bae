import { backendSuite } from "micropie/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { CLIENTS, Keyspace, type Node, nodeOf, type Opened, testStore } from "./_redis.ts";

function suiteOn(name: keyof typeof CLIENTS, nodes: readonly Node[]): void {
  describe(`RedisSessionBackend on ${name}`, () => {
    let keyspace: Keyspace;
    let opened: Opened;
    beforeAll(async () => {
      keyspace = new Keyspace(nodes);
      opened = await CLIENTS[name](nodes);
    });
    afterAll(async () => {
      keyspace.close();
      await opened.close();
    });
    const create = () => testStore(keyspace, opened);
    for (const { name, run } of backendSuite({ create })) test(name, run);
  });
}

await onServer("redis", ({ url }) => {
  for (const name of ["node-redis", "ioredis", "iovalkey"] as const) suiteOn(name, [nodeOf(url)]);
});

await onServer("redis-cluster", ({ nodes }) => {
  for (const name of ["node-redis cluster", "ioredis cluster", "iovalkey cluster"] as const)
    suiteOn(name, nodes);
});
