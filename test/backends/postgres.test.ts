import { InMemorySessionBackend } from "micropie/backends/memory";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type Case, dropping, newCase, newTable, OPENERS, type Opened, openPool } from "./_postgres.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

/** Texts that a store which understands too much would not give back. */
const EXACT = [
  '{"a":"\\u0000","b\\u0000":"\\ud800","\\udc00":1}',
  '{"__proto__":{"__proto__":1},"constructor":{"prototype":2},"micropie":3}',
  '{"a":-0,"b":1e21,"c":1E+400,"d":12345678901234567890.10,"e":0.1000}',
  '{ "b" : 1 ,\t"a":[ ],"a":2, "":"" }',
  '{"text":"\\\\ \\" \\/ \u007f \u2028 é 😀 $1 \'; --"}',
  `{"deep":${"[".repeat(2000)}${"]".repeat(2000)}}`,
  JSON.stringify({ large: "ä€😀x".repeat(300_000) }),
];

await onServer("postgres", ({ url }) => {
  describe.each(Object.entries(OPENERS))("PostgresSessionBackend on %s", (name, open) => {
    let opened: Opened;
    let here: Case;
    beforeAll(async () => {
      opened = open(url);
      here = newCase(opened);
    });
    afterAll(async () => {
      await here.drop();
      await opened.end();
    });

    test("answers each verb as it should, and leaves the client open", async () => {
      const { backend, drop } = newCase(opened);
      expect(await backend.create("a", newRecord({ userId: "ann", head: 'é "head"' }))).toBe(true);
      expect(await backend.create("a", newRecord())).toBe(false);
      const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "bob" };
      const first = newPatch({ x: 1 }, { rotation, ifSecretHash: "hash-1", ifVersion: 1 });
      expect(await backend.patch("a", first)).toBe("ok");
      expect(await backend.patch("a", newPatch({ y: 1 }))).toBe("stale");
      expect(await backend.patch("a", newPatch({ y: 1 }, { ifEpoch: 1 }))).toBe("merged");
      expect(await backend.patch("gone", newPatch({ y: 1 }))).toBe("ended");
      const record = (await backend.read("a"))!;
      expect(record).toStrictEqual({
        data: '{"visits":1,"x":1,"y":1}',
        secretHash: "hash-2",
        previousSecretHash: "hash-1",
        previousEpoch: 0,
        previousUntil: expect.any(Number),
        epoch: 1,
        version: 3,
        expiresAt: expect.any(Number),
        absoluteExpiresAt: expect.any(Number),
        userId: "bob",
        head: 'é "head"',
        now: expect.any(Number),
      });
      expect(Math.abs(record.now - Date.now() / 1000)).toBeLessThan(60);
      expect(await backend.lock("a", 5)).toBe(1);
      expect(await backend.lock("a", 5)).toBe("busy");
      expect(await backend.lock("gone", 5)).toBe("ended");
      expect(await backend.patch("a", newPatch({}, { ifEpoch: 1, ifFence: 0 }))).toBe("stale");
      expect(await backend.relock("a", 1, 0)).toBe(true);
      expect(await backend.lock("a", 5)).toBe(2);
      expect(await backend.listByUser("ann")).toEqual([]);
      expect(await backend.touch("a", 5000)).toBe(true);
      const [listed] = await backend.listByUser("bob");
      expect(listed).toMatchObject({ handle: "a", record: { expiresAt: record.absoluteExpiresAt } });
      expect(await backend.revokeUser("bob", "a")).toEqual([]);
      expect(await backend.delete("a", 2)).toBe(false);
      expect(await backend.revokeUser("bob")).toEqual(["a"]);
      expect(await backend.delete("a")).toBe(false);
      backend.close();
      expect(await backend.read("a")).toBeUndefined();
      expect(await opened.query("SELECT 1 AS one")).toMatchObject([{ one: 1 }]);
      await drop();
    });

    test.each(EXACT.map((data) => [data.slice(0, 60), data]))("gives back exactly %j", async (_, data) => {
      const { backend } = here;
      const handle = handleOf(EXACT.indexOf(data));
      await backend.create(handle, newRecord());
      expect(await backend.patch(handle, newPatch({}, { data }))).toBe("ok");
      expect((await backend.read(handle))!.data === data).toBe(true);
      await backend.delete(handle);
      await backend.create(handle, newRecord({ data, userId: handle }));
      expect((await backend.listByUser(handle))[0]!.record.data === data).toBe(true);
      // And the database still understands it: `json` can be asked for its members.
      if (data.startsWith('{"a":-0'))
        expect(
          await opened.query(`SELECT data->>'c' AS c FROM ${here.table} WHERE handle = '${handle}'`),
        ).toEqual([expect.objectContaining({ c: "1E+400" })]);
    });

    test.each([
      ["stored", '{"\\u0000":1,"\\ud800":2,"a":1}', ["b", "2"]],
      ["stored in a value", '{"v":["\\u0000\\udfff"],"a":1}', ["b", "2"]],
      ["set", '{"a":1}', ["\0", "2"]],
      ["set, half of a pair", '{"a":1}', ["\udc00", "2"]],
    ] as const)("merges what the database cannot decode: %s", async (_, data, member) => {
      const { backend } = here;
      const handle = `undecodable-${data.length}-${member[0].charCodeAt(0)}`;
      await backend.create(handle, newRecord({ data }));
      const changes = () => ({ set: new Map([member]), unset: ["\0gone", "a"] });
      expect(await backend.patch(handle, newPatch({}, { baseVersion: 0, changes }))).toBe("merged");
      const { a, ...rest } = JSON.parse(data) as Record<string, unknown>;
      expect(a).toBe(1);
      expect(JSON.parse((await backend.read(handle))!.data)).toEqual({ ...rest, [member[0]]: 2 });
    });

    test("a user's name may hold anything but NUL, which is refused and changes nothing", async () => {
      const { backend } = here;
      for (const userId of ["a'b\"\\", "é😀\n", "$1", " ", "x".repeat(2000)]) {
        await backend.create("user", newRecord({ userId }));
        expect(await backend.listByUser(userId)).toMatchObject([{ handle: "user", record: { userId } }]);
        expect(await backend.revokeUser(userId)).toEqual(["user"]);
      }
      await backend.create("user", newRecord());
      const rotation = { secretHash: "hash-2", grace: 0, raiseEpoch: true, userId: "a\0b" };
      await expect(backend.patch("user", newPatch({ x: 1 }, { rotation }))).rejects.toThrow(/0x00/);
      expect(await backend.read("user")).toMatchObject({ userId: null, version: 1, secretHash: "hash-1" });
    });

    test("deadlines may be as far away as a number goes", async () => {
      const { backend } = here;
      const record = newRecord({ idleTimeout: 1e300, absoluteTimeout: Number.MAX_VALUE });
      expect(await backend.create("far", record)).toBe(true);
      expect(await backend.touch("far", Number.MAX_VALUE)).toBe(true);
      expect(await backend.read("far")).toMatchObject({ expiresAt: Number.MAX_VALUE });
      await backend.delete("far");
    });

    test("records go from one back-end to another and back with load and save", async () => {
      const { backend } = here;
      const memory = new InMemorySessionBackend();
      memory.create("moved", newRecord({ userId: "ann", data: '{"__proto__":{"a":1},"micropie":2}' }));
      memory.lock("moved", 50);
      const { now: _, ...record } = memory.read("moved")!;
      await backend.save("moved", memory.load("moved"), 1000);
      expect(await backend.read("moved")).toMatchObject(record);
      expect(await backend.load("moved")).toEqual(memory.load("moved"));
      expect(await backend.lock("moved", 5)).toBe("busy");
      await backend.save("moved", memory.load("moved"), 10);
      const shorter = (await backend.read("moved"))!;
      expect(Math.round(shorter.expiresAt - shorter.now)).toBe(10);
      await backend.save("moved", {}, 100);
      expect(await backend.load("moved")).toEqual({});
      await backend.save("plain", { visits: 1 }, 10);
      expect(await backend.load("plain")).toEqual({ visits: 1 });
      expect(await backend.read("plain")).toBeUndefined();
      await backend.save("plain", { visits: 1 }, 0);
      expect(await backend.load("plain")).toEqual({});
    });

    test("prune deletes all that has expired, whatever its number, and tells of each once", async () => {
      const { backend, table, advance, drop } = newCase(opened);
      const expired: unknown[] = [];
      backend.onExpired = (handle, userId) => expired.push([handle, userId]);
      await backend.create(handleOf(0), newRecord({ userId: "ann" }));
      await opened.query(`INSERT INTO ${table} (handle, data, secret_hash, previous_epoch, previous_until, epoch,
          version, expires_at, absolute_expires_at, head, fence, locked_until)
        SELECT 'h' || n, '{}', '', 0, 0, 0, 1, expires_at - CASE WHEN n > 100 THEN 5000 ELSE 0 END,
          absolute_expires_at, '', 0, 0 FROM ${table}, generate_series(1, 11000) AS n`);
      await backend.create("live", newRecord());
      await advance(100);
      await backend.touch("live", 500);
      await backend.create("new", newRecord());
      await opened.query(`UPDATE ${table} SET expires_at = expires_at + 200 WHERE handle = 'live'`);
      expect(await backend.prune()).toBe(11_001);
      expect(await backend.prune()).toBe(0);
      expect(new Set(expired.map(String)).size).toBe(11_001);
      expect(expired).toContainEqual([handleOf(0), "ann"]);
      expect(await opened.query(`SELECT handle FROM ${table} ORDER BY 1`)).toMatchObject([
        { handle: "live" },
        { handle: "new" },
      ]);
      await drop();
    });

    test("an expired record gives its place to a new one, and does nothing else", async () => {
      const { backend, advance, drop } = newCase(opened);
      await backend.create("a", newRecord({ userId: "ann" }));
      await advance(100);
      expect(await backend.touch("a", 100)).toBe(false);
      expect(await backend.patch("a", newPatch({}))).toBe("ended");
      expect(await backend.patch("a", newPatch({}, { baseVersion: 7 }))).toBe("ended");
      expect(await backend.lock("a", 1)).toBe("ended");
      expect(await backend.listByUser("ann")).toEqual([]);
      expect(await backend.create("a", newRecord())).toBe(true);
      expect(await backend.read("a")).toMatchObject({ userId: null, version: 1 });
      await advance(100);
      expect(await backend.delete("a")).toBe(false);
      expect(await backend.read("a")).toBeUndefined();
      await drop();
    });

    test("a pool of one connection is enough for any number of calls at once", async () => {
      const one = open(url, { max: 1 });
      const { backend, drop } = newCase(one);
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, n) => backend.create(handleOf(n), newRecord({ userId: "ann" }))),
      );
      expect(results.every(Boolean)).toBe(true);
      const revoked = await Promise.all([
        backend.revokeUser("ann"),
        backend.revokeUser("ann"),
        backend.prune(),
      ]);
      expect(revoked[0]!.length + (revoked[1] as string[]).length).toBe(30);
      await drop();
      await one.end();
    });

    test.each(["repeatable read", "serializable"])(
      "a database that is set to %s loses no change either",
      async (isolation) => {
        const { backend, table, drop } = newCase(opened);
        await backend.create("a", newRecord({ data: "{}" }));
        const connection = { options: `-c default_transaction_isolation=${isolation.replace(" ", "\\ ")}` };
        const strict =
          name === "pg" ? openPool(url, connection) : open(url, { connection } as { max?: number });
        const others = newCase(strict, { table }).backend;
        expect(await strict.query("SHOW transaction_isolation")).toMatchObject([
          { transaction_isolation: isolation },
        ]);
        const keys = Array.from({ length: 30 }, (_, n) => `key${n}`);
        const patched = await Promise.all(
          keys.map((key) =>
            others.patch("a", newPatch({ [key]: 1 }, { data: JSON.stringify({ [key]: 1 }) })),
          ),
        );
        expect(patched.toSorted()).toEqual([...Array(29).fill("merged"), "ok"]);
        expect(Object.keys(JSON.parse((await others.read("a"))!.data)).sort()).toEqual(keys.toSorted());
        others.close();
        await strict.end();
        await drop();
      },
    );
  });

  test("a single client of pg is asked one thing at a time", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    const client = new pg.Client(url);
    await client.connect();
    const table = newTable();
    const { backend } = newCase({ client, query: async () => [], end: async () => {} }, { table });
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, n) => backend.create(handleOf(n), newRecord())),
    );
    expect(created.every(Boolean)).toBe(true);
    await client.query(dropping(table));
    await expect(backend.read(handleOf(1))).rejects.toThrow(/does not exist/);
    backend.close();
    await client.end();
    await new Promise(setImmediate);
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });
});
