import { createConnection as createMariadbConnection } from "mariadb";
import type { SessionBackend } from "micropie/backends/backend";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { createConnection as createCallbackConnection, createPool as createCallbackPool } from "mysql2";
import { createConnection, createPool } from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type AnyPool, age, dropTable, mariadb, mysql2, newTable, untilWaiting } from "./_mysql.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

/** What many people have their client do. */
function asBoolean<Value>(field: { readonly type: string }, next: () => Value): Value | boolean {
  return field.type === "TINY" ? Number(next()) === 1 : next();
}

const LAX = "SET SESSION sql_mode = ''";
const ODD_MODES = [
  "STRICT_ALL_TABLES,ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE",
  "NO_UNSIGNED_SUBTRACTION,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,TIME_ROUND_FRACTIONAL,SIMULTANEOUS_ASSIGNMENT",
];
const ODD = `SET SESSION sql_mode = '${ODD_MODES}', time_zone = '-11:30', tx_isolation = 'SERIALIZABLE'`;

await onServer("mariadb", ({ url, adminUrl }) => {
  const admin = createPool(adminUrl);
  afterAll(() => admin.end());
  let table = "";
  beforeEach(() => {
    table = newTable();
  });
  afterEach(() => dropTable(admin, table));

  const clients: Record<string, () => AnyPool | Promise<AnyPool>> = {
    "a pool of mysql2/promise": () => mysql2(url),
    "a pool of mysql2 with callbacks": () => {
      const client = createCallbackPool(url);
      return { client, end: () => client.promise().end() };
    },
    "a connection of mysql2/promise": async () => {
      const client = await createConnection(url);
      return { client, end: () => client.end() };
    },
    "a connection of mysql2 with callbacks": () => {
      const client = createCallbackConnection(url);
      return { client, end: () => client.promise().end() };
    },
    "a pool of mysql2 whose options change every answer": () =>
      mysql2(url, {
        ...{ flags: ["-FOUND_ROWS"], supportBigNumbers: true, bigNumberStrings: true, nestTables: true },
        ...{ typeCast: asBoolean, dateStrings: true, rowsAsArray: false, namedPlaceholders: true },
        ...{ timezone: "+05:00", decimalNumbers: true, connectionLimit: 2 },
      }),
    "a pool of mysql2 without strict mode": () => mysql2(url, {}, LAX),
    "a pool of mysql2 in odd modes": () => mysql2(url, { flags: ["-FOUND_ROWS"] }, ODD),
    "a pool of mariadb": () => mariadb(url),
    "a connection of mariadb": async () => {
      const { hostname: host, port, username: user, password } = new URL(url);
      const address = { host, port: Number(port), user, password, database: "micropie" };
      const client = await createMariadbConnection(address);
      return { client, end: () => client.end() };
    },
    "a pool of mariadb whose options change every answer": () =>
      mariadb(url, {
        ...{ foundRows: false, typeCast: asBoolean, namedPlaceholders: true, nestTables: true },
        ...{ metaAsArray: false, rowsAsArray: false, checkNumberRange: true, connectionLimit: 2 },
      }),
    "a pool of mariadb without strict mode": () => mariadb(url, {}, LAX),
    "a pool of mariadb in odd modes": () => mariadb(url, { foundRows: false }, ODD),
  };

  describe.each(Object.entries(clients))("%s", (_, open) => {
    let pool: AnyPool;
    let backend: SessionBackend;
    beforeEach(async () => {
      pool = await open();
      backend = new MysqlSessionBackend(pool.client, { table });
    });
    afterEach(async () => {
      await backend.close();
      await pool.end();
    });

    test("fits, and stays open", async () => {
      expect(await backend.create("a", newRecord({ userId: "ann", head: 'é "head"' }))).toBe(true);
      expect(await backend.create("a", newRecord())).toBe(false);
      const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "bob" };
      const winner = newPatch({ x: 1 }, { rotation, ifSecretHash: "hash-1", ifVersion: 1 });
      expect(await backend.patch("a", winner)).toBe("ok");
      expect(await backend.patch("a", winner)).toBe("stale");
      expect(await backend.patch("a", newPatch({ y: 1 }))).toBe("stale");
      expect(await backend.patch("a", newPatch({ y: 1 }, { ifEpoch: 1 }))).toBe("merged");
      expect(await backend.patch("gone", newPatch({ y: 1 }))).toBe("ended");
      const record = (await backend.read("a"))!;
      expect(record).toStrictEqual({
        data: '{"visits":1,"x":1,"y":1}',
        secretHash: "hash-2",
        previousSecretHash: "hash-1",
        previousEpoch: 0,
        previousUntil: expect.closeTo(record.now + 10, -1),
        epoch: 1,
        version: 3,
        expiresAt: expect.closeTo(record.now + 100, -1),
        absoluteExpiresAt: expect.closeTo(record.now + 1000, -1),
        userId: "bob",
        head: 'é "head"',
        now: expect.closeTo(Date.now() / 1000, -1),
      });
      expect(await backend.lock("a", 5)).toBe(1);
      expect(await backend.lock("a", 5)).toBe("busy");
      expect(await backend.lock("gone", 5)).toBe("ended");
      expect(await backend.patch("a", newPatch({}, { ifEpoch: 1, ifFence: 0 }))).toBe("stale");
      expect(await backend.relock("a", 2, 0)).toBe(false);
      // What changes nothing is done as well, whichever rows this connection counts.
      for (let twice = 0; twice < 2; twice++) expect(await backend.relock("a", 1, 0)).toBe(true);
      for (let twice = 0; twice < 2; twice++) expect(await backend.touch("a", 1)).toBe(true);
      expect(await backend.lock("a", 5)).toBe(2);
      expect(await backend.listByUser("ann")).toEqual([]);
      expect(await backend.touch("a", 5000)).toBe(true);
      const [listed] = await backend.listByUser("bob");
      expect(listed).toEqual({
        handle: "a",
        record: { ...record, expiresAt: record.absoluteExpiresAt, now: expect.any(Number) },
      });
      const renewal = { secretHash: "hash-3", grace: 0, raiseEpoch: false, absoluteTimeout: 500 };
      const longer = { rotation: renewal, idleTimeout: 700, head: "" };
      const signIn = newPatch({ z: 1 }, { ...longer, ifEpoch: 1, ifFence: 2 });
      expect(await backend.patch("a", signIn)).toBe("merged");
      const renewed = (await backend.read("a"))!;
      expect(renewed).toMatchObject({
        epoch: 1,
        version: 4,
        userId: "bob",
        head: "",
      });
      expect(renewed).toMatchObject({ previousSecretHash: "hash-2", previousEpoch: 1, secretHash: "hash-3" });
      expect(renewed.expiresAt).toBe(renewed.absoluteExpiresAt);
      expect(renewed.absoluteExpiresAt).toBeCloseTo(renewed.now + 500, -1);
      expect(await backend.revokeUser("bob", "a")).toEqual([]);
      expect(await backend.delete("a", 3)).toBe(false);
      expect(await backend.revokeUser("bob")).toEqual(["a"]);
      expect(await backend.delete("a")).toBe(false);
      await backend.create("b", newRecord());
      expect(await backend.delete("b", 1)).toBe(true);
      await backend.close();
      await backend.close();
      expect(await backend.read("b")).toBeUndefined();
    });

    test("what is stored comes back to the last bit", async () => {
      const data =
        '{"__proto__":{"a":1},"z":1,"a":1.0,"n":1e400,"t":"\\u0000\\ud800 é😀 \\\\ \' \\" ` ? :a"}';
      await backend.create("a", newRecord({ data, idleTimeout: 1e6 / 7, absoluteTimeout: 1e6 / 3 }));
      const [[row]] = (await admin.query(`SELECT * FROM ${table}`)) as unknown as [[Record<string, unknown>]];
      const record = (await backend.read("a"))!;
      expect(record).toMatchObject({ data });
      expect([record.expiresAt, record.absoluteExpiresAt]).toEqual([row.expires_at, row.absolute_expires_at]);
    });

    test("each spelling of a user's id is another user, however long", async () => {
      const long = "x".repeat(70_000);
      const ids = [
        "ann",
        "Ann",
        "ANN",
        "ann ",
        " ann",
        "änn",
        "ann\t",
        "a",
        "a%",
        "A_",
        "é",
        "e\u0301",
        "ß",
        "ss",
        "😀",
      ];
      ids.push(`${long}a`, `${long}b`, `${long}b `);
      for (const [n, userId] of ids.entries()) await backend.create(handleOf(n), newRecord({ userId }));
      for (const [n, userId] of ids.entries()) {
        const listed = await backend.listByUser(userId);
        expect(listed.map(({ handle, record }) => [handle, record.userId])).toEqual([[handleOf(n), userId]]);
      }
      for (const [n, userId] of ids.entries()) {
        expect(await backend.revokeUser(userId)).toEqual([handleOf(n)]);
        expect(await backend.revokeUser(userId)).toEqual([]);
      }
    });

    test("each spelling of a handle is another session", async () => {
      await backend.create("Handle", newRecord());
      expect(await backend.create("handle", newRecord({ data: "{}" }))).toBe(true);
      for (const handle of ["HANDLE", "hande", "hândle", "", "h".repeat(1000)]) {
        expect(await backend.read(handle)).toBeUndefined();
        expect(await backend.delete(handle)).toBe(false);
      }
      expect(await backend.delete("handle")).toBe(true);
      expect((await backend.read("Handle"))?.data).toBe('{"visits":1}');
    });
  });

  describe("on one server", () => {
    const { client, end } = mysql2(url);
    afterAll(end);
    let backend: MysqlSessionBackend;
    beforeEach(async () => {
      backend = new MysqlSessionBackend(client, { table });
      await backend.prune();
    });
    afterEach(() => backend.close());

    test("records go from one back-end to another and back with load and save", async () => {
      const memory = new InMemorySessionBackend();
      memory.create("a", newRecord({ userId: "ann", data: '{"__proto__":{"a":1},"micropie":2}' }));
      memory.lock("a", 5);
      await backend.save("a", memory.load("a"), 1000);
      expect(await backend.read("a")).toEqual({ ...memory.read("a"), now: expect.any(Number) });
      expect(await backend.load("a")).toEqual(memory.load("a"));
      expect(await backend.lock("a", 5)).toBe("busy");
      await backend.save("a", {}, 0);
      expect(await backend.load("a")).toEqual({});
      await backend.save("plain", { visits: 1 }, 10);
      expect(await backend.load("plain")).toEqual({ visits: 1 });
      expect(await backend.read("plain")).toBeUndefined();
    });

    test("prune deletes what has expired in batches, and tells of each once, though several prune at once", async () => {
      const expired: unknown[] = [];
      const pruners = Array.from({ length: 4 }, () => new MysqlSessionBackend(client, { table }));
      for (const each of pruners) each.onExpired = (handle, userId) => expired.push(`${handle} ${userId}`);
      const numbers = Array.from({ length: 1600 }, (_, number) => number);
      const record = (n: number) =>
        newRecord(n === 3 ? { userId: "ann" } : n === 5 ? { idleTimeout: 5000 } : {});
      await Promise.all(numbers.map((n) => backend.create(handleOf(n), record(n))));
      await age(admin, table, 100);
      const counts = await Promise.all(pruners.map((each) => each.prune()));
      expect(counts.reduce((sum, count) => sum + count)).toBe(1599);
      expect(await backend.prune()).toBe(0);
      const others = numbers.filter((n) => n !== 5);
      expect(expired.sort()).toEqual(others.map((n) => `${handleOf(n)} ${n === 3 ? "ann" : null}`));
      expect(await backend.read(handleOf(5))).toBeDefined();
    });

    test("what has expired is deleted from time to time", async () => {
      const pruner = new MysqlSessionBackend(client, { table, pruneInterval: 0.02 });
      const told = new Promise((resolve) => {
        pruner.onExpired = (handle, userId) => resolve([handle, userId]);
      });
      await backend.create("a", newRecord({ userId: "ann" }));
      await backend.create("b", newRecord({ idleTimeout: 5000, absoluteTimeout: 5000 }));
      await age(admin, table, 1000);
      expect(await told).toEqual(["a", "ann"]);
      pruner.close();
      expect(await backend.read("b")).toBeDefined();
    });

    test("close stops the deleting after the batch that is under way", async () => {
      const numbers = Array.from({ length: 1100 }, (_, number) => number);
      await Promise.all(numbers.map((n) => backend.create(handleOf(n), newRecord())));
      await age(admin, table, 1000);
      const pruner = new MysqlSessionBackend(client, { table, pruneInterval: 0.01 });
      let told = 0;
      await new Promise<void>((resolve) => {
        pruner.onExpired = () => {
          pruner.close();
          if (++told === 512) resolve();
        };
      });
      // Another batch would be claimed by now.
      expect(await backend.prune()).toBe(1100 - 512);
      expect(told).toBe(512);
    });

    test("what somebody claimed and did not delete is over, and is deleted by others after a while", async () => {
      const expired: string[] = [];
      backend.onExpired = (handle) => expired.push(handle);
      for (const handle of ["revoked", "expired", "alive"])
        await backend.create(handle, newRecord({ userId: "ann" }));
      const claim = `claimed_by = 'somebody', locked_until = UNIX_TIMESTAMP() + 60`;
      await admin.query(`UPDATE ${table} SET ${claim}, expires_at = 0 WHERE handle = 'revoked'`);
      await admin.query(
        `UPDATE ${table} SET ${claim}, expires_at = expires_at - 200 WHERE handle = 'expired'`,
      );
      for (const handle of ["revoked", "expired"]) {
        expect(await backend.read(handle)).toBeUndefined();
        expect(await backend.delete(handle)).toBe(false);
      }
      expect(await backend.revokeUser("ann")).toEqual(["alive"]);
      expect(await backend.prune()).toBe(0);
      await age(admin, table, 60);
      expect(await backend.prune()).toBe(2);
      expect(expired).toEqual([]);
    });

    test("an expired record gives its place to a new one, and of twenty that want it, to one", async () => {
      await backend.create("a", newRecord({ userId: "ann" }));
      await age(admin, table, 100);
      expect(await backend.touch("a", 100)).toBe(false);
      expect(await backend.patch("a", newPatch({}))).toBe("ended");
      const wanted = Array.from({ length: 20 }, (_, n) => newRecord({ data: `{"n":${n}}` }));
      const created = await Promise.all(wanted.map((record) => backend.create("a", record)));
      expect(created.filter(Boolean)).toHaveLength(1);
      expect(await backend.read("a")).toMatchObject({ userId: null, data: `{"n":${created.indexOf(true)}}` });
    });

    test("what expires while a write waits for another one is over, and is not written", async () => {
      const writes: Record<string, () => Promise<unknown>> = {
        patch: () => backend.patch("a", newPatch({ x: 1 })),
        touch: () => backend.touch("a", 100),
        lock: () => backend.lock("a", 10),
      };
      for (const [verb, write] of Object.entries(writes)) {
        await backend.delete("a");
        const other = await admin.getConnection();
        await backend.create("a", newRecord({ idleTimeout: 0.4 }));
        await other.query(`START TRANSACTION`);
        await other.query(`SELECT * FROM micropie.${table} FOR UPDATE`);
        const writing = write();
        await untilWaiting(admin, table);
        await other.query("DO SLEEP(0.5)");
        await other.query("COMMIT");
        other.release();
        expect([verb, await writing]).toEqual([verb, verb === "touch" ? false : "ended"]);
      }
    });

    test("a session that is too large is an error; what was stored stays, and the next call works", async () => {
      await backend.create("a", newRecord());
      const large = newPatch({ text: "x".repeat(17 * 1024 * 1024) });
      await expect(backend.patch("a", large)).rejects.toThrow();
      // The server hangs up, and a client may notice that only at its next use.
      await backend.read("a").catch(() => {});
      expect(await backend.read("a")).toMatchObject({ data: '{"visits":1}', version: 1 });
      expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ok");
    });
  });
});
