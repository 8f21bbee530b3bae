import { ConfigError } from "micropie";
import { type MysqlLike, MysqlSessionBackend, mysqlSchema } from "micropie/backends/mysql";
import { createPool } from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type AnyPool, dropTable, mariadb, mysql2, newTable } from "./_mysql.ts";
import { newRecord } from "./_records.ts";

await onServer("mariadb", ({ url, adminUrl }) => {
  const admin = createPool({ uri: adminUrl, multipleStatements: true });
  const pools: AnyPool[] = [];
  let table = "";
  beforeEach(() => {
    table = newTable();
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await dropTable(admin, table);
  });
  afterAll(() => admin.end());

  function open(make: () => AnyPool = () => mysql2(url), options: object = {}): MysqlSessionBackend {
    const pool = make();
    pools.push(pool);
    return new MysqlSessionBackend(pool.client, { table, ...options });
  }

  async function refusal(backend: MysqlSessionBackend): Promise<ConfigError> {
    const error = await backend.create("a", newRecord()).then(
      () => new Error("it worked"),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }

  const columnsOf = async (name: string): Promise<unknown[]> =>
    ((await admin.query(`SHOW COLUMNS FROM ${name}`))[0] as { Field: string }[]).map(({ Field }) => Field);

  test("eight that start at once make the table once, and all can use it", async () => {
    const backends = Array.from({ length: 8 }, (_, n) => open(() => (n % 2 === 0 ? mysql2 : mariadb)(url)));
    const created = await Promise.all(backends.map((backend, n) => backend.create(`a${n}`, newRecord())));
    expect(created).toEqual(Array(8).fill(true));
    for (const [n, backend] of backends.toReversed().entries())
      expect(await backend.read(`a${n}`)).toBeDefined();
  });

  test("nothing is made before the first use", async () => {
    const backend = open();
    await expect(admin.query(`SELECT 1 FROM ${table}`)).rejects.toMatchObject({ errno: 1146 });
    expect(await backend.create("a", newRecord())).toBe(true);
  });

  test("a table that was dropped is made anew, after one error", async () => {
    const backend = open();
    await backend.create("a", newRecord());
    await admin.query(`DROP TABLE ${table}`);
    await expect(backend.read("a")).rejects.toMatchObject({ errno: 1146 });
    expect(await backend.create("a", newRecord())).toBe(true);
  });

  test("another database, by the table's name", async () => {
    const database = `${newTable()}-x`;
    const elsewhere = () => mysql2(adminUrl);
    const backend = open(elsewhere, { table: `${database}.web_sessions` });
    expect((await refusal(backend)).message).toMatch(/does not exist. Create it/);
    await admin.query(`CREATE DATABASE \`${database}\``);
    try {
      expect(await backend.create("a", newRecord())).toBe(true);
      expect(await backend.prune()).toBe(0);
    } finally {
      await admin.query(`DROP DATABASE \`${database}\``);
    }
  });

  test("a table of somebody else is not touched; another name works beside it", async () => {
    await admin.query(`CREATE TABLE ${table} (id INT, version INT)`);
    const error = await refusal(open());
    expect(error).toMatchObject({ option: "table", cause: { errno: 1054 } });
    expect(error.message).toContain(`"${table}" that is not for sessions`);
    expect(await columnsOf(table)).toEqual(["id", "version"]);
    const backend = open(undefined, { table: `${table}_2` });
    expect(await backend.create("a", newRecord())).toBe(true);
    await dropTable(admin, `${table}_2`);
  });

  test("a table that lost a column", async () => {
    await open().create("a", newRecord());
    await admin.query(`ALTER TABLE ${table} DROP COLUMN fence`);
    expect((await refusal(open())).message).toMatch(/was changed/);
  });

  test("createTable: false creates nothing; the SQL to run by hand can be run again and does the same", async () => {
    const backend = open(undefined, { createTable: false });
    const error = await refusal(backend);
    expect(error.option).toBe("createTable");
    expect(error.message).toContain(`mysqlSchema("${table}")`);
    await expect(columnsOf(table)).rejects.toThrow();
    await admin.query(mysqlSchema(table));
    await admin.query(mysqlSchema(table));
    expect(await backend.create("a", newRecord())).toBe(true);
    const [[made]] = (await admin.query(`SHOW CREATE TABLE ${table}`)) as unknown as [
      [Record<string, string>],
    ];
    await dropTable(admin, table);
    await open().read("a");
    const [[own]] = (await admin.query(`SHOW CREATE TABLE ${table}`)) as unknown as [
      [Record<string, string>],
    ];
    expect(own).toEqual(made);
  });

  describe("a user who may not make tables", () => {
    const user = newTable();
    const as = (): AnyPool => mysql2(url.replace("micropie:micropie@", `${user}:secret@`));
    beforeEach(async () => {
      await admin.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`);
    });
    afterEach(() => admin.query(`DROP USER ${user}@'%'`));

    test("is told what to do, and may use those that somebody else has made", async () => {
      await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON micropie.* TO ${user}@'%'`);
      const error = await refusal(open(as));
      expect(error).toMatchObject({ option: "createTable", cause: { errno: 1142 } });
      expect(error.message).toMatch(/mysqlSchema/);
      await admin.query(mysqlSchema(table));
      const backend = open(as);
      expect(await backend.create("a", newRecord({ userId: "ann" }))).toBe(true);
      expect(await backend.revokeUser("ann")).toEqual(["a"]);
      await backend.save("b", { a: 1 }, 10);
      expect(await backend.prune()).toBe(0);
    });
  });

  test("a connection without a database, and one that loses characters", async () => {
    const nowhere = url.replace(/\/micropie$/, "");
    expect((await refusal(open(() => mysql2(nowhere)))).message).toMatch(/has no database/);
    const lossy = [
      () => mysql2(url, { charset: "latin1" }),
      () => mysql2(url, { charset: "utf8" }),
      () => mariadb(url, { charset: "latin1" }),
    ];
    for (const make of lossy) {
      const error = await refusal(open(make));
      expect(error).toMatchObject({
        option: "backend",
        message: expect.stringContaining("charset to utf8mb4"),
      });
    }
    await expect(columnsOf(table)).rejects.toThrow();
  });

  test("a first use that is never answered does not hold up those that come later", async () => {
    vi.useFakeTimers();
    try {
      const execute = vi.fn<MysqlLike["execute"]>(() => new Promise(() => {}));
      const backend = new MysqlSessionBackend({ execute }, { pruneInterval: 0 });
      for (const times of [1, 2]) {
        void backend.read("a");
        void backend.read("b");
        expect(execute).toHaveBeenCalledTimes(times);
        await vi.advanceTimersByTimeAsync(5000);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  test("wrong arguments are named", () => {
    const pool = { execute: async () => [] };
    const refused = (client: unknown, options = {}): ConfigError => {
      try {
        new MysqlSessionBackend(client as MysqlLike, options).close();
      } catch (error) {
        return error as ConfigError;
      }
      throw new Error("it was taken");
    };
    for (const client of [undefined, null, {}, "mysql://localhost"])
      expect(refused(client).option).toBe("backend");
    expect(refused(Promise.resolve(pool)).message).toMatch(/await it/);
    for (const name of ["", "a b", "a`b", "1a", ".a", "a.", "a.b.c", "x".repeat(65)]) {
      expect(refused(pool, { table: name }).option).toBe("table");
      expect(() => mysqlSchema(name)).toThrow(ConfigError);
    }
    expect(refused(pool, { pruneInterval: -1 }).option).toBe("pruneInterval");
    expect(refused(pool, { pruneInterval: "1 m" }).option).toBe("pruneInterval");
    expect(mysqlSchema("my-app.sessions")).toContain("`my-app`.`sessions`");
  });
});
