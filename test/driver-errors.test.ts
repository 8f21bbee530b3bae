import { createSessions, type Session, type SessionBackend } from "micropie";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import { onEvent } from "micropie/testing/events";
import { createPool } from "mysql2/promise";
import { expect, test } from "vitest";
import { mariadb, mysql2, newTable as newMysqlTable } from "./backends/_mysql.ts";
import { newTable, OPENERS } from "./backends/_postgres.ts";
import { CLIENTS, Keyspace, newPrefix, nodeOf } from "./backends/_redis.ts";
import { logged } from "./core/_logged.ts";
import { onServer } from "./servers/on-server.ts";

/** Saves a session whose store refuses it after `refuse`, and checks what a log would have of the error. */
async function refused(backend: SessionBackend, refuse: (handle: string) => Promise<unknown>): Promise<void> {
  const events: unknown[] = [];
  const stop = onEvent("backend_failed", ({ error }) => events.push(error));
  const sessions = createSessions({ backend });
  const session: Session = await sessions.load(undefined);
  session.visits = 1;
  const token = (await sessions.commit(session))!.split(/[=;]/)[1]!;
  const again: Session = await sessions.load(`session_id=${token}`);
  await refuse(token.slice(0, 16));
  again.text = "correct horse battery staple";
  const error: unknown = await (async () => sessions.commit(again))().catch((thrown: unknown) => thrown);
  stop();
  expect(error).toMatchObject({ code: "backend_failed", cause: expect.any(Error) });
  expect(events).toHaveLength(1);
  for (const each of [error, ...events]) {
    expect(logged(each)).not.toMatch(/horse|visits/);
    expect(logged(each)).not.toContain(token.slice(16));
    expect(logged(each)).not.toMatch(/[\w-]{43}/);
  }
}

await onServer("redis", ({ url }) => {
  test.each(["node-redis", "ioredis"] as const)("%s: an error has no arguments", async (name) => {
    const { client, close } = await CLIENTS[name]([nodeOf(url)]);
    const prefix = newPrefix();
    const keyspace = new Keyspace([nodeOf(url)]);
    const [node] = keyspace.nodes;
    await refused(new RedisSessionBackend(client, { prefix }), async (handle) => {
      // A list in its place is an error of the server.
      await node!.del(prefix + handle);
      await node!.lpush(prefix + handle, "x");
    });
    keyspace.close();
    close();
  });
});

await onServer("postgres", ({ url }) => {
  test.each(["pg", "postgres"] as const)("%s: an error has no parameters and no row", async (name) => {
    const { client, query, end } = OPENERS[name](url);
    const table = newTable();
    const backend = new PostgresSessionBackend(client, { table });
    await refused(backend, () => query(`ALTER TABLE ${table} ADD CHECK (data::text NOT LIKE '%horse%')`));
    await query(`DROP TABLE ${table}`);
    await backend.close();
    await end();
  });
});

await onServer("mariadb", ({ url }) => {
  test.each([
    ["mysql2", mysql2],
    ["mariadb", mariadb],
  ])("%s: an error has no statement and no parameters", async (_, open) => {
    const { client, end } = open(url);
    const admin = createPool(url);
    const table = newMysqlTable();
    const backend = new MysqlSessionBackend(client, { table });
    await refused(backend, () => admin.query(`ALTER TABLE ${table} ADD CHECK (data NOT LIKE '%horse%')`));
    await admin.query(`DROP TABLE ${table}`);
    await backend.close();
    await Promise.all([end(), admin.end()]);
  });
});
