import { ConfigError } from "micropie";
import {
  type PostgresLike,
  type PostgresOptions,
  PostgresSessionBackend,
  postgresSchema,
} from "micropie/backends/postgres";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { dropping, newCase, newTable, OPENERS, openPool } from "./_postgres.ts";
import { newPatch, newRecord } from "./_records.ts";

const pool = { query: async () => ({ rows: [], rowCount: 0 }) };

describe("what is wrong is refused when it is given", () => {
  test.each<[unknown, PostgresOptions, string]>([
    [undefined, {}, "backend"],
    ["postgres://localhost", {}, "backend"],
    [{}, {}, "backend"],
    [pool, { table: "" }, "table"],
    [pool, { table: "my-table" }, "table"],
    [pool, { table: 'a"; DROP TABLE b; --' }, "table"],
    [pool, { table: "a'b" }, "table"],
    [pool, { table: "a.b.c" }, "table"],
    [pool, { table: "x".repeat(51) }, "table"],
    [pool, { pruneInterval: -1 }, "pruneInterval"],
    [pool, { pruneInterval: Number.NaN }, "pruneInterval"],
  ])("%j, %j", (client, options, option) => {
    const make = () => new PostgresSessionBackend(client as PostgresLike, options);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(expect.objectContaining({ option }));
  });

  test("the SQL of a table needs a name too", () => {
    expect(() => postgresSchema("a b")).toThrow(expect.objectContaining({ option: "table" }));
  });
});

await onServer("postgres", ({ url, adminUrl }) => {
  const admin = openPool(adminUrl);
  const owner = openPool(url);
  afterAll(async () => {
    await admin.end();
    await owner.end();
  });
  const refusal = async (backend: PostgresSessionBackend) => {
    const error = await backend.read("a").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    // Nothing is remembered: the next call finds out anew.
    await expect(backend.read("a")).rejects.toEqual(error);
    return error as ConfigError;
  };

  describe.each(Object.entries(OPENERS))("the table, made with %s", (_, open) => {
    test("many that start at once: one makes it, all can use it", async () => {
      const table = newTable();
      const clients = Array.from({ length: 12 }, () => open(url, { max: 3 }));
      const backends = clients.map(
        ({ client }) => new PostgresSessionBackend(client, { table, notify: true }),
      );
      const made = await Promise.all(
        backends.flatMap((backend) => [backend.create("a", newRecord()), backend.create("b", newRecord())]),
      );
      expect(made.filter(Boolean)).toHaveLength(2);
      for (const backend of backends) backend.close();
      await owner.query(dropping(table));
      await Promise.all(clients.map(({ end }) => end()));
    });

    test("two tables, one of them in a schema and named like a word of SQL, know nothing of each other", async () => {
      const opened = open(url);
      const schema = newTable();
      await owner.query(`CREATE SCHEMA ${schema}`);
      const first = newCase(opened);
      const second = new PostgresSessionBackend(opened.client, { table: `${schema}.Select`, notify: true });
      await first.backend.create("a", newRecord());
      expect(await second.read("a")).toBeUndefined();
      expect(await second.create("a", newRecord({ userId: "ann" }))).toBe(true);
      expect(await first.backend.listByUser("ann")).toEqual([]);
      expect(await owner.query(`SELECT handle FROM ${schema}."Select"`)).toEqual([{ handle: "a" }]);
      expect(second.channel).toBe("micropie_Select");
      second.close();
      await owner.query(
        `SET client_min_messages = warning; DROP SCHEMA ${schema} CASCADE; RESET client_min_messages`,
      );
      await first.drop();
      await opened.end();
    });

    test.each([false, true])("created by hand, for createTable: false and notify: %s", async (notify) => {
      const opened = open(url);
      const table = newTable();
      const backend = new PostgresSessionBackend(opened.client, { table, notify, createTable: false });
      const missing = await refusal(backend);
      expect(missing).toMatchObject({ option: "createTable" });
      const call = /postgresSchema\("(\w+)"(, \{ notify: true \})?\)/.exec(missing.message);
      expect(call?.slice(1)).toEqual([table, notify ? ", { notify: true }" : undefined]);
      expect(await owner.query(`SELECT to_regclass('${table}') AS made`)).toEqual([{ made: null }]);
      const sql = postgresSchema(table, { notify });
      await opened.query(sql);
      await opened.query(sql);
      expect(await backend.create("a", newRecord())).toBe(true);
      await backend.ready();
      backend.close();
      await owner.query(dropping(table));
      await opened.end();
    });
  });

  test("a table of somebody else's is refused, and left as it is", async () => {
    const table = newTable();
    await owner.query(`CREATE TABLE ${table} (handle text); INSERT INTO ${table} VALUES ('theirs')`);
    for (const createTable of [true, false]) {
      const backend = new PostgresSessionBackend(owner.client, { table, createTable });
      expect(await refusal(backend)).toMatchObject({ option: "table" });
    }
    expect(await owner.query(`SELECT * FROM ${table}`)).toEqual([{ handle: "theirs" }]);
    await owner.query(dropping(table));
  });

  test("an index or anything else with one of our names is refused, and nothing is left behind", async () => {
    const table = newTable();
    await owner.query(`CREATE TABLE ${table}_user_id (x int)`);
    expect(await refusal(new PostgresSessionBackend(owner.client, { table }))).toMatchObject({
      option: "table",
    });
    expect(await owner.query(`SELECT to_regclass('${table}') AS made`)).toEqual([{ made: null }]);
    await owner.query(`DROP TABLE ${table}_user_id`);
  });

  test("a table that has lost a column is refused", async () => {
    const { backend, table, drop } = newCase(owner);
    await backend.create("a", newRecord());
    await owner.query(`ALTER TABLE ${table} DROP COLUMN fence`);
    const error = await refusal(new PostgresSessionBackend(owner.client, { table }));
    expect(error).toMatchObject({ option: "table" });
    await drop();
  });

  test("a schema that is not there is named", async () => {
    const table = `${newTable()}.sessions`;
    const error = await refusal(new PostgresSessionBackend(owner.client, { table }));
    expect(error).toMatchObject({ option: "table", message: expect.stringContaining(table) });
  });

  test("a role that may not make it is told so; one that may only use it can", async () => {
    const { backend, table, drop } = newCase(owner);
    const role = newTable();
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
    const user = openPool(url.replace("micropie:micropie@", `${role}:x@`), { max: 2 });
    const guest = new PostgresSessionBackend(user.client, { table });
    expect(await refusal(guest)).toMatchObject({
      option: "createTable",
      message: expect.stringContaining("postgresSchema"),
    });
    await backend.ready();
    await owner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${role}`);
    expect(await guest.create("a", newRecord())).toBe(true);
    expect(await guest.patch("a", newPatch({ x: 1 }))).toBe("ok");
    expect(await guest.delete("a")).toBe(true);
    const told = new PostgresSessionBackend(user.client, { table, notify: true });
    expect(await refusal(told)).toMatchObject({
      option: "createTable",
      message: expect.stringContaining(`postgresSchema("${table}", { notify: true })`),
    });
    await owner.query(postgresSchema(table, { notify: true }));
    await told.ready();
    told.close();
    guest.close();
    await user.end();
    await drop();
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  describe("notify", () => {
    /** Everything that is told while `run` is at work, in order. */
    async function heard(channel: string, run: () => Promise<unknown>): Promise<unknown[]> {
      const client = new pg.Client(url);
      await client.connect();
      const payloads: unknown[] = [];
      const end = new Promise<void>((resolve) =>
        client.on("notification", ({ payload }) => (payload === "end" ? resolve() : payloads.push(payload))),
      );
      await client.query(`LISTEN "${channel}"`);
      await run();
      await owner.query(`SELECT pg_notify('${channel}', 'end')`);
      await end;
      await client.end();
      return payloads;
    }

    test("tells of every change and every end, and of nothing else", async () => {
      const { backend, table, advance, drop } = newCase(owner, { notify: true });
      await backend.ready();
      expect(backend.channel).toBe(`micropie_${table}`);
      const of = (run: () => unknown) => heard(backend.channel, async () => run());
      const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: false };
      expect(await of(() => backend.create("a", newRecord({ userId: "ann" })))).toEqual([]);
      expect(await of(() => backend.touch("a", 500))).toEqual([]);
      expect(await of(() => backend.lock("a", 5))).toEqual([]);
      expect(await of(() => backend.relock("a", 1, 0))).toEqual([]);
      expect(await of(() => backend.patch("a", newPatch({}, { ifEpoch: 7 })))).toEqual([]);
      expect(await of(() => backend.patch("a", newPatch({ x: 1 })))).toEqual(["a"]);
      expect(await of(() => backend.patch("a", newPatch({ y: 1 })))).toEqual(["a"]);
      expect(await of(() => backend.patch("a", newPatch({}, { baseVersion: 3, rotation })))).toEqual(["a"]);
      const same = await backend.load("a");
      expect(await of(() => backend.save("a", { ...same, x: 2 }, 1000))).toEqual(["a"]);
      expect(await of(() => advance(1))).toEqual(["a"]);
      expect(await of(() => backend.create("a", newRecord()))).toEqual([]);
      expect(await of(() => backend.revokeUser("ann"))).toEqual(["a"]);
      await backend.create("b", newRecord());
      expect(await of(() => backend.delete("b"))).toEqual(["b"]);
      await backend.create("c", newRecord());
      await advance(1000);
      expect(await of(() => backend.create("c", newRecord()))).toEqual(["c"]);
      await advance(1000);
      expect(await of(() => backend.prune())).toEqual(["c"]);
      expect(await of(() => owner.query(`TRUNCATE ${table}`))).toEqual(["*"]);
      await drop();
    });

    test("can be switched on later, by several at once; those without it are heard too", async () => {
      const { backend, table, drop } = newCase(owner);
      await backend.create("a", newRecord());
      expect(await heard(backend.channel, async () => backend.patch("a", newPatch({ x: 1 })))).toEqual([]);
      const byHand = new PostgresSessionBackend(owner.client, { table, notify: true, createTable: false });
      expect(await refusal(byHand)).toMatchObject({ option: "createTable" });
      // Written out or not, it is the same table, and the same channel.
      const told = [table, `public.${table}`, table, table].map(
        (name) => new PostgresSessionBackend(owner.client, { table: name, notify: true }),
      );
      await Promise.all(told.map((each) => each.ready()));
      expect(new Set([backend, ...told].map(({ channel }) => channel)).size).toBe(1);
      expect(await heard(backend.channel, async () => backend.patch("a", newPatch({ x: 2 })))).toEqual(["a"]);
      expect(await byHand.read("a")).toMatchObject({ version: 3 });
      await owner.query(
        `SET client_min_messages = warning; DROP FUNCTION ${table}_notify CASCADE; RESET client_min_messages`,
      );
      expect(await heard(backend.channel, async () => backend.patch("a", newPatch({ x: 3 })))).toEqual([]);
      for (const each of [...told, byHand]) each.close();
      await drop();
    });
  });
});
