import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionBackend } from "micropie";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { virtualEnvironment, withClock } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { TableBackend } from "../../examples/cas-backend.ts";
import { age, dropTable, mysql2, newTable as newMysqlTable } from "../backends/_mysql.ts";
import { newCase, openPool } from "../backends/_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, testStore } from "../backends/_redis.ts";
import { onServer } from "../servers/on-server.ts";
import { Ends } from "./_ends.ts";
import type { Place } from "./_play.ts";
import { counterexamples, follows, playAll, SCHEDULES, WITHOUT_OLD_IDS } from "./_suite.ts";

/** With ALL_SCHEDULES=1 all are played, which takes minutes; else every fifth. */
const PART = process.env.ALL_SCHEDULES === "1" ? 1 : 5;

/** Defines the tests of a store that three processes share, each with a back-end of its own. */
function schedules(open: () => Promise<Place & { close(): unknown }>, all = SCHEDULES): void {
  const played = all.filter((_, index) => index % PART === 0);
  test(`each step of ${played.length} schedules is the model's`, async () => {
    const place = await open();
    expect(await playAll(place, played)).toBe(played.length);
    expect(played.length * PART).toBeGreaterThanOrEqual(2000);
    await place.ends?.close();
    await place.close();
  });

  test("no schedule leads to what a condition prevents", async () => {
    const place = await open();
    const followed: string[] = [];
    for (const { define, schedule } of counterexamples())
      if (await follows(schedule, place)) followed.push(define);
    expect(followed).toEqual([]);
    await place.ends?.close();
    await place.close();
  });
}

const three = (another: () => SessionBackend): SessionBackend[] => [another(), another(), another()];

describe("the six methods of the example, by three instances on one file", () => {
  schedules(async () => {
    const clock = virtualEnvironment();
    const directory = mkdtempSync(join(tmpdir(), "micropie-"));
    const backends = three(() => withClock(new TableBackend(join(directory, "texts")), clock.now));
    const close = () => rmSync(directory, { recursive: true });
    return { backends, ends: undefined, advance: (seconds) => clock.advance(seconds), close };
  });
});

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
