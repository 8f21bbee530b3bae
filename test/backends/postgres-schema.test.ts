import { ConfigError } from "micropie";
import {
  type PostgresLike,
  type PostgresOptions,
  PostgresSessionBackend,
  postgresSchema,
} from "micropie/backends/postgres";
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
    test("a database whose encoding cannot hold an emoji is refused by name before anything is stored", async () => {
      const name = newTable();
      await admin.query(
        `CREATE DATABASE ${name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
      );
      const { username } = new URL(url);
      await admin.query(`ALTER DATABASE ${name} OWNER TO "${decodeURIComponent(username)}"`);
      const there = new URL(url);
      there.pathname = `/${name}`;
      const client = open(there.href);
      const error = await refusal(new PostgresSessionBackend(client.client));
      await client.end();
      await admin.query(`DROP DATABASE ${name}`);
      expect(error.option).toBe("backend");
      expect(error.message).toContain("ENCODING 'UTF8'");
    });

    test("many that start at once: one makes it, all can use it", async () => {
      const table = newTable();
      const clients = Array.from({ length: 12 }, () => open(url, { max: 3 }));
      const backends = clients.map(({ client }) => new PostgresSessionBackend(client, { table }));
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
      const second = new PostgresSessionBackend(opened.client, { table: `${schema}.Select` });
      await first.backend.create("a", newRecord());
      expect(await second.read("a")).toBeUndefined();
      expect(await second.create("a", newRecord({ userId: "ann" }))).toBe(true);
      expect(await first.backend.listByUser("ann")).toEqual([]);
      expect(await owner.query(`SELECT handle FROM ${schema}."Select"`)).toEqual([{ handle: "a" }]);
      second.close();
      await owner.query(
        `SET client_min_messages = warning; DROP SCHEMA ${schema} CASCADE; RESET client_min_messages`,
      );
      await first.drop();
      await opened.end();
    });

    test("created by hand, for createTable: false", async () => {
      const opened = open(url);
      const table = newTable();
      const backend = new PostgresSessionBackend(opened.client, { table, createTable: false });
      const missing = await refusal(backend);
      expect(missing).toMatchObject({ option: "createTable" });
      expect(missing.message).toContain(`postgresSchema("${table}")`);
      expect(await owner.query(`SELECT to_regclass('${table}') AS made`)).toEqual([{ made: null }]);
      const sql = postgresSchema(table);
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
    guest.close();
    await user.end();
    await drop();
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});
