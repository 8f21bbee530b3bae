import type { Socket } from "node:net";
import { writeStatements } from "micropie/backends/_mysql/statements";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { createConnection, createPool, type Pool } from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { until } from "../_until.ts";
import { startMariadb } from "../servers/mariadb.ts";
import { onServer } from "../servers/on-server.ts";
import { startProxy } from "../servers/proxy.ts";
import { type AnyPool, connectionId, dropTable, mariadb, mysql2, newTable, untilWaiting } from "./_mysql.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

await onServer("mariadb", ({ url, adminUrl }) => {
  const admin = createPool(`${adminUrl}`);
  const { client, end } = mysql2(url);
  let table = "";
  let backend: MysqlSessionBackend;
  beforeEach(async () => {
    table = newTable();
    backend = new MysqlSessionBackend(client, { table });
    await backend.prune();
  });
  afterEach(async () => {
    backend.close();
    await dropTable(admin, table);
  });
  afterAll(async () => {
    await end();
    await admin.end();
  });

  describe("at once", () => {
    test("of everybody who ends a session, exactly one says so", async () => {
      for (let round = 0; round < 20; round++) {
        const handles = Array.from({ length: 9 }, (_, n) => handleOf(n));
        for (const handle of handles) await backend.create(handle, newRecord({ userId: "ann" }));
        const said: string[] = [];
        const revoke = async () => said.push(...(await backend.revokeUser("ann")));
        const end = async (handle: string) => (await backend.delete(handle)) && said.push(handle);
        await Promise.all([
          revoke(),
          ...handles.slice(0, 5).map(end),
          revoke(),
          ...handles.slice(5).map(end),
          revoke(),
        ]);
        expect(said.sort()).toEqual(handles);
        expect((await admin.query(`SELECT handle FROM ${table}`))[0]).toEqual([]);
      }
    });

    test("all sessions of a user end in one step, however many", async () => {
      await backend.create(handleOf(0), newRecord({ userId: "ann" }));
      await backend.create(handleOf(1), newRecord({ userId: "bob" }));
      const [columns] = (await admin.query(`SHOW COLUMNS FROM ${table}`)) as unknown as [{ Field: string }[]];
      const names = columns.map(({ Field }) => Field).filter((name) => name !== "prune_slot");
      const copied = names.map((name) => (name === "handle" ? "CONCAT('copy-', seq)" : name));
      await admin.query(
        `INSERT INTO ${table} (${names}) SELECT ${copied} FROM ${table}, seq_1_to_5000 WHERE user_id = 'ann'`,
      );
      expect(new Set(await backend.revokeUser("ann")).size).toBe(5001);
      expect((await admin.query(`SELECT handle FROM ${table}`))[0]).toEqual([{ handle: handleOf(1) }]);
    });

    test("sign-ins, sign-outs, revocations and pruning get along, and every session is either ended or listed", async () => {
      const expired: string[] = [];
      backend.onExpired = (handle) => expired.push(handle);
      const ended = new Set<string>();
      const signedIn: string[] = [];
      const visitor = async (n: number): Promise<void> => {
        for (let i = 0; i < 25; i++) {
          const handle = handleOf(n * 1000 + i);
          const userId = `user ${(n + i) % 2}`;
          signedIn.push(handle);
          await backend.create(handle, newRecord(i % 2 === 0 ? { userId } : {}));
          const rotation = { secretHash: "hash-2", grace: 0, raiseEpoch: true, userId };
          if (i % 2 === 1) await backend.patch(handle, newPatch({}, { rotation }));
          if (i % 3 === 0 && (await backend.delete(handle))) ended.add(handle);
          if (i % 5 === 0) for (const each of await backend.revokeUser(userId)) ended.add(each);
          if (i % 7 === 0) await backend.prune();
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, n) => visitor(n)));
      const lists = [await backend.listByUser("user 0"), await backend.listByUser("user 1")];
      const listed = lists.flat().map(({ handle }) => handle);
      expect([...ended, ...listed].sort()).toEqual(signedIn.sort());
      expect(expired).toEqual([]);
    });

    test("hundreds that change one session take turns: few statements each, and no change is lost", async () => {
      const asked = vi.spyOn(client, "execute");
      await backend.create("a", newRecord());
      asked.mockClear();
      const patches = Array.from({ length: 300 }, (_, n) => backend.patch("a", newPatch({ [`key${n}`]: n })));
      const answers = await Promise.all(patches);
      expect(answers.toSorted()).toEqual([...Array(299).fill("merged"), "ok"]);
      expect(asked.mock.calls.length).toBeLessThanOrEqual(300 * 3);
      asked.mockRestore();
      expect(Object.keys(JSON.parse((await backend.read("a"))!.data))).toHaveLength(301);
    });

    test("a pool of one connection is enough", async () => {
      for (const open of [mysql2, mariadb]) {
        const pool = open(url, { connectionLimit: 1 });
        const one = new MysqlSessionBackend(pool.client, { table });
        const handle = `${open.name}`;
        await one.create(handle, newRecord({ userId: "ann" }));
        const patches = Array.from({ length: 20 }, (_, n) => one.patch(handle, newPatch({ [`key${n}`]: n })));
        const others = [one.prune(), one.lock(handle, 10), one.listByUser("ann"), one.revokeUser("bob")];
        await Promise.all([...patches, ...others]);
        expect(Object.keys(JSON.parse((await one.read(handle))?.data ?? ""))).toHaveLength(21);
        expect(await one.revokeUser("ann")).toEqual([handle]);
        one.close();
        await pool.end();
      }
    });

    /** Somebody else's transaction that holds one row, wants the other while `write` waits for its own, and has done more. */
    async function deadlock(write: () => Promise<unknown>): Promise<unknown> {
      const other = await admin.getConnection();
      await other.query("START TRANSACTION");
      await other.query(`UPDATE ${table} SET fence = fence + 1 WHERE handle = '${handleOf(2)}'`);
      await other.query(`DELETE FROM ${table} WHERE handle LIKE 'more-%'`);
      const writing = write().catch((error: unknown) => error);
      await untilWaiting(admin, table);
      await other.query(`UPDATE ${table} SET fence = fence + 1 WHERE handle = '${handleOf(1)}'`);
      await other.query("COMMIT");
      other.release();
      return writing;
    }

    test("who gives way in a deadlock tries again; not on a single connection, whose transaction is undone", async () => {
      const rows = async () => {
        for (const n of [1, 2]) await backend.create(handleOf(n), newRecord({ userId: "ann" }));
        for (let n = 0; n < 20; n++) await backend.create(`more-${n}`, newRecord());
      };
      await rows();
      expect(((await deadlock(() => backend.revokeUser("ann"))) as string[]).sort()).toEqual([
        handleOf(1),
        handleOf(2),
      ]);
      await rows();
      const connection = await createConnection(url);
      const single = new MysqlSessionBackend(connection, { table });
      expect(await deadlock(() => single.revokeUser("ann"))).toMatchObject({ errno: 1213 });
      single.close();
      await connection.end();
    });

    test("inside the owner's transaction on a connection, sessions are written and undone with it", async () => {
      const connection = await createConnection(url);
      const single = new MysqlSessionBackend(connection, { table });
      await single.read("a");
      await connection.beginTransaction();
      await single.create("a", newRecord());
      expect(await single.patch("a", newPatch({ x: 1 }, { baseVersion: 9 }))).toBe("merged");
      expect(await backend.read("a")).toBeUndefined();
      // What others have stored since it began counts as well, though a plain SELECT does not see it.
      await backend.create("b", newRecord({ userId: "ann" }));
      await backend.create("c", newRecord({ userId: "ann" }));
      await backend.patch("b", newPatch({ x: 1 }));
      expect(await single.patch("b", newPatch({ y: 1 }))).toBe("merged");
      expect(await single.revokeUser("ann", "b")).toEqual(["c"]);
      await connection.rollback();
      expect(await single.read("a")).toBeUndefined();
      single.close();
      await connection.end();
    });
  });

  test("a read, a new session, a change, a touch, a rotation and a logout are one statement each", async () => {
    const connection = await createConnection(url);
    const single = new MysqlSessionBackend(connection, { table });
    await single.read("a");
    const executed = async (): Promise<number> => {
      const [[row]] = (await connection.query("SHOW SESSION STATUS LIKE 'Com_stmt_execute'")) as unknown as [
        [{ Value: string }],
      ];
      return Number(row.Value);
    };
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "ann" };
    const steps: (() => Promise<unknown>)[] = [
      () => single.create("a", newRecord()),
      () => single.read("a"),
      () => single.patch("a", newPatch({ x: 1 })),
      () => single.touch("a", 500),
      () => single.patch("a", newPatch({}, { baseVersion: 2, rotation })),
      () => single.delete("a"),
    ];
    for (const step of steps) {
      const before = await executed();
      await step();
      expect((await executed()) - before).toBe(1);
    }
    single.close();
    await connection.end();
  });

  test("each statement finds its rows by an index", async () => {
    const many = Array.from({ length: 2000 }, (_, n) => n);
    const record = (n: number) =>
      newRecord({ userId: `user ${n % 200}`, idleTimeout: 1e6, absoluteTimeout: 1e6 });
    await Promise.all(many.map((n) => backend.create(handleOf(n), record(n))));
    await admin.query(`UPDATE ${table} SET expires_at = 1 WHERE handle = '${handleOf(7)}'`);
    await admin.query(`ANALYZE TABLE ${table}`);
    const sql = writeStatements(table, true);
    const user = ["user 7", 6];
    const conditions = [handleOf(7), 1, 0, null, null];
    const places = many.slice(0, 8).map(handleOf);
    const keys: [keyof typeof sql, unknown[], string][] = [
      ["read", [handleOf(7)], "PRIMARY"],
      ["select", [handleOf(7)], "PRIMARY"],
      ["selectUser", user, "user_id"],
      ["selectHandles", [...user, ""], "user_id"],
      ["selectDue", [1], "prune_slot"],
      ["store", ["{}", null, 1, ...conditions], "PRIMARY"],
      ["rotate", ["{}", "", 1, "h", 1, null, 1, 1, 1, 1, ...conditions], "PRIMARY"],
      ["touch", [1, handleOf(7)], "PRIMARY"],
      ["remove", [handleOf(7), null, null], "PRIMARY"],
      ["removeExpired", [handleOf(7), null], "PRIMARY"],
      ["lock", [1, handleOf(7), 1], "PRIMARY"],
      ["relock", [1, 1, handleOf(7), 1], "PRIMARY"],
      ["claimOfUser", ["c", ...places, ...user], "PRIMARY"],
      ["claimExpired", ["c", ...places], "PRIMARY"],
      ["selectClaimed", [...places, "c"], "PRIMARY"],
      ["removeClaimed", [...places, "c"], "PRIMARY"],
    ];
    for (const [name, values, key] of keys) {
      const statement = sql[name];
      const { sql: text } = typeof statement === "function" ? statement(places.length) : statement;
      const [[plan]] = (await client.execute(`EXPLAIN ${text}`, values as string[])) as unknown as [[object]];
      expect({ name, ...plan }).toMatchObject({ name, key });
      expect({ name, rows: Number((plan as { rows: number }).rows) < 100 }).toEqual({ name, rows: true });
    }
  });

  test("a connection that the server ends is an error of its call, and the next call works", async () => {
    for (const open of [mysql2, mariadb]) {
      const pool = open(url, { connectionLimit: 2 });
      const broken = new MysqlSessionBackend(pool.client, { table });
      await broken.create("a", newRecord());
      const other = await admin.getConnection();
      await other.query("START TRANSACTION");
      await other.query(`SELECT * FROM ${table} FOR UPDATE`);
      const patching = broken.patch("a", newPatch({ lost: 1 })).catch((error: unknown) => error);
      await admin.query(`KILL ${await untilWaiting(admin, table)}`);
      expect(await patching).toBeInstanceOf(Error);
      await other.query("ROLLBACK");
      other.release();
      expect(await broken.read("a")).toMatchObject({ data: '{"visits":1}' });
      expect(await broken.patch("a", newPatch({ kept: 1 }))).toBe("ok");
      expect(await broken.delete("a")).toBe(true);
      broken.close();
      await pool.end();
    }
  });

  test("with the settings that the docs recommend, connections on which nothing comes back are given up", async () => {
    const { hostname: host, port } = new URL(url);
    const open: ((url: string) => AnyPool)[] = [
      (through) => {
        const pool = mysql2(through, { connectionLimit: 2 });
        pool.client.on("connection", (connection) => {
          const { stream } = connection as unknown as { stream: Socket };
          stream.setTimeout(3000, () => stream.destroy(new Error("The database is silent.")));
        });
        return pool;
      },
      (through) => mariadb(through, { connectionLimit: 2, socketTimeout: 3000 }),
    ];
    for (const openPool of open) {
      const proxy = await startProxy({ host, port: Number(port) });
      const pool = openPool(url.replace(port, String(proxy.port)));
      const behind = new MysqlSessionBackend(pool.client, { table });
      const readThree = () => Promise.allSettled([behind.read("a"), behind.read("b"), behind.read("c")]);
      try {
        // A pool opens a connection when the others are in use. One whose handshake is still under way takes no call.
        await until(async () => {
          const both = await Promise.all([connectionId(pool), connectionId(pool)]);
          expect(new Set(both).size).toBe(2);
        });
        await behind.read("a");
        expect(proxy.connections).toBe(2);
        proxy.halfOpen();
        const answers = await readThree();
        expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
      } finally {
        behind.close();
        await pool.end();
        await proxy.stop();
      }
    }
  });

  test("a server that is killed and comes back: errors meanwhile, then all that was acknowledged is there", async () => {
    const server = await startMariadb();
    try {
      for (const open of [mysql2, mariadb]) {
        const options = open === mysql2 ? {} : { acquireTimeout: 3000, initializationTimeout: 3000 };
        const pool = open(server.url, options);
        const own = new MysqlSessionBackend(pool.client);
        const handle = open.name;
        await server.kill();
        await expect(own.create(handle, newRecord())).rejects.toThrow();
        await server.restart();
        await until(() => own.create(handle, newRecord({ userId: "ann" })));
        await own.patch(handle, newPatch({ kept: 1 }));
        await server.kill();
        await expect(own.read(handle)).rejects.toThrow();
        await server.restart();
        const record = await until(() => own.read(handle));
        expect(record?.data).toBe('{"visits":1,"kept":1}');
        expect(await own.revokeUser("ann")).toEqual([handle]);
        own.close();
        await pool.end();
      }
    } finally {
      await server.stop();
    }
  });

  describe("where clocks are set back in autumn", () => {
    /** A time zone in which that happens so many seconds from now. Answers its name. */
    async function zone(seconds: number): Promise<string> {
      const name = `Test/${newTable()}`;
      const [{ insertId: id }] = (await admin.query(
        "INSERT INTO mysql.time_zone VALUES (NULL, 'N')",
      )) as unknown as [{ insertId: number }];
      await admin.query("INSERT INTO mysql.time_zone_name VALUES (?, ?)", [name, id]);
      await admin.query(
        `INSERT INTO mysql.time_zone_transition_type VALUES (${id}, 0, 7200, 1, 'S'), (${id}, 1, 3600, 0, 'W')`,
      );
      await admin.query(
        `INSERT INTO mysql.time_zone_transition VALUES (${id}, 0, 0), (${id}, FLOOR(UNIX_TIMESTAMP() + ${seconds}), 1)`,
      );
      return name;
    }
    const timeIn = async (pool: Pool): Promise<number> => {
      const [[row]] = (await pool.query("SELECT UNIX_TIMESTAMP(SYSDATE(6)) AS time")) as unknown as [
        [{ time: string }],
      ];
      return Number(row.time);
    };

    test("the hour that comes twice is told apart", async () => {
      const wrong: boolean[] = [];
      for (const seconds of [-600, 600]) {
        const pool = mysql2(url, {}, `SET time_zone = '${await zone(seconds)}'`);
        const local = new MysqlSessionBackend(pool.client, { table });
        const real = Date.now() / 1000;
        wrong.push(Math.abs((await timeIn(pool.client)) - real) > 1800);
        await local.create(`a${seconds}`, newRecord());
        const record = (await local.read(`a${seconds}`))!;
        for (const time of [record.now, record.absoluteExpiresAt - 1000, record.expiresAt - 100])
          expect(time).toBeCloseTo(real, -1);
        expect(await backend.read(`a${seconds}`)).toMatchObject({ expiresAt: record.expiresAt });
        local.close();
        await pool.end();
      }
      // Local time alone would be an hour off, or these zones would prove nothing.
      expect(wrong).toContain(true);
    });

    test("a clock that is set right during a statement ends nothing", async () => {
      // The statement began when the clock was half a second ahead, or behind.
      for (const ahead of [0.5, -0.5]) {
        const pool = mysql2(url, {}, `SET timestamp = UNIX_TIMESTAMP(SYSDATE(6)) + ${ahead}`);
        const local = new MysqlSessionBackend(pool.client, { table });
        const handle = `a${ahead}`;
        await backend.create(handle, newRecord());
        expect((await local.read(handle))?.now).toBeCloseTo(Date.now() / 1000, -2);
        expect(await local.patch(handle, newPatch({ x: 1 }))).toBe("ok");
        expect(await local.delete(handle)).toBe(true);
        local.close();
        await pool.end();
      }
    });

    test("what expires while a write waits, and the clock is set back, is over", async () => {
      const pool = mysql2(url, {}, `SET time_zone = '${await zone(6)}'`);
      const local = new MysqlSessionBackend(pool.client, { table });
      await local.create("a", newRecord({ idleTimeout: 5 }));
      const before = await timeIn(pool.client);
      const other = await admin.getConnection();
      await other.query("START TRANSACTION");
      await other.query(`SELECT * FROM ${table} FOR UPDATE`);
      const patching = local.patch("a", newPatch({ x: 1 }));
      await untilWaiting(admin, table);
      await other.query("DO SLEEP(6.5)");
      expect(await timeIn(pool.client)).toBeLessThan(before);
      await other.query("COMMIT");
      other.release();
      expect(await patching).toBe("ended");
      local.close();
      await pool.end();
    });
  });
});
