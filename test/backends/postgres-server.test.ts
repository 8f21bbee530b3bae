import { setTimeout as sleep } from "node:timers/promises";
import type { SessionBackend } from "micropie/backends/backend";
import {
  type PgLike,
  type PostgresJsLike,
  type PostgresLike,
  PostgresSessionBackend,
} from "micropie/backends/postgres";
import { afterAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { newCase, newTable, OPENERS, openPool, openPostgresJs } from "./_postgres.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

/** What a back-end has asked its client for, while the client did it. */
interface Watched {
  readonly client: PostgresLike;
  readonly asked: { text: string; values: unknown[] }[];
}

function watched(client: PostgresLike): Watched {
  const asked: Watched["asked"] = [];
  const note = (text: string, values: unknown[] = []) => void asked.push({ text, values: [...values] });
  if ("unsafe" in client) {
    const unsafe: PostgresJsLike["unsafe"] = (text, values, options) => {
      note(text, values);
      return client.unsafe(text, values, options);
    };
    return { client: { unsafe }, asked };
  }
  const query: PgLike["query"] = (config) => {
    note(config.text, config.values);
    return client.query(config);
  };
  return { client: { query }, asked };
}

type Act = (backend: SessionBackend) => unknown;
const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: false };
const absoluteTimeout = 600;

/** Each verb, on a record `a` of the user `ann` at version 1, and how many statements it may take. */
const VERBS: Record<string, readonly [statements: number, act: Act]> = {
  read: [1, (backend) => backend.read("a")],
  "read, no such": [1, (backend) => backend.read("b")],
  create: [1, (backend) => backend.create("b", newRecord())],
  "create, taken": [1, (backend) => backend.create("a", newRecord())],
  patch: [1, (backend) => backend.patch("a", newPatch({ x: 1 }))],
  "patch of one version": [1, (backend) => backend.patch("a", newPatch({ x: 1 }, { ifVersion: 1 }))],
  "patch, merged": [3, (backend) => backend.patch("a", newPatch({ x: 1 }, { baseVersion: 0 }))],
  "patch, stale": [2, (backend) => backend.patch("a", newPatch({ x: 1 }, { ifEpoch: 1 }))],
  "patch of one version, stale": [1, (backend) => backend.patch("a", newPatch({}, { ifVersion: 2 }))],
  "patch, ended": [2, (backend) => backend.patch("b", newPatch({ x: 1 }))],
  rotation: [1, (backend) => backend.patch("a", newPatch({}, { rotation, ifSecretHash: "hash-1" }))],
  "rotation, merged": [3, (backend) => backend.patch("a", newPatch({}, { rotation, baseVersion: 0 }))],
  "sign-in": [
    1,
    (backend) =>
      backend.patch("a", newPatch({}, { rotation: { ...rotation, userId: "bob", absoluteTimeout } })),
  ],
  "sign-in, merged": [
    3,
    (backend) =>
      backend.patch("a", newPatch({}, { rotation: { ...rotation, absoluteTimeout }, baseVersion: 0 })),
  ],
  touch: [1, (backend) => backend.touch("a", 200)],
  delete: [1, (backend) => backend.delete("a")],
  "delete of one version": [1, (backend) => backend.delete("a", 1)],
  listByUser: [1, (backend) => backend.listByUser("ann")],
  revokeUser: [1, (backend) => backend.revokeUser("ann")],
  lock: [1, (backend) => backend.lock("a", 5)],
  relock: [1, (backend) => backend.relock("a", 0, 5)],
  load: [1, (backend) => backend.load("a")],
  save: [2, (backend) => backend.save("a", { x: 1 }, 100)],
  prune: [2, (backend) => backend.prune()],
};

await onServer("postgres", ({ url, adminUrl }) => {
  const owner = openPool(url);
  const admin = openPool(adminUrl);
  afterAll(async () => {
    await owner.end();
    await admin.end();
  });

  /** Resolves when so many statements on this table wait for a row that somebody else has. */
  async function waiting(table: string, number = 1): Promise<void> {
    for (;;) {
      const rows = await admin.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%"${table}"%'`,
      );
      if (rows.length === number) return;
      await sleep(5);
    }
  }

  describe.each(Object.entries(OPENERS))("what the server gets from %s", (_, open) => {
    test.each(Object.entries(VERBS))(
      "%s: as few statements as possible, each by an index",
      async (_, [number, act]) => {
        const opened = open(url, { max: 1 });
        const { backend, table, drop } = newCase(opened);
        await backend.create("a", newRecord({ userId: "ann" }));
        await opened.query(`INSERT INTO ${table} (handle, data, secret_hash, previous_epoch, previous_until, epoch,
          version, expires_at, absolute_expires_at, user_id, head, fence, locked_until)
        SELECT 'h' || n, '{}', '', 0, 0, 0, 1, expires_at + n * 60, absolute_expires_at,
          'u' || n % 1000, head, 0, 0 FROM ${table}, generate_series(1, 5000) AS n;
        ANALYZE ${table}`);
        const { client, asked } = watched(opened.client);
        const counted = new PostgresSessionBackend(client, { table });
        await counted.ready();
        asked.length = 0;
        await act(counted);
        expect(asked).toHaveLength(number);
        for (const { text, values } of asked) {
          const [row] = await ownPlan(text, values);
          expect(row).not.toMatch(/Seq Scan on t_/);
          if (text.includes(table) && !text.startsWith("INSERT")) expect(row).toMatch(/Index (Only )?Scan/);
        }
        counted.close();
        await drop();
        await opened.end();
      },
    );

    test("hundreds at once take turns: few statements each, and none is lost", async () => {
      const opened = open(url);
      const { client, asked } = watched(opened.client);
      const { backend, drop } = newCase({ ...opened, client });
      await backend.create("a", newRecord());
      asked.length = 0;
      const patches = Array.from({ length: 250 }, (_, n) =>
        backend.patch("a", newPatch({ [`key${n}`]: n }, { baseVersion: 0 })),
      );
      expect(new Set(await Promise.all(patches))).toEqual(new Set(["merged"]));
      expect(asked).toHaveLength(250 * 3);
      expect(Object.keys(JSON.parse((await backend.read("a"))!.data))).toHaveLength(251);
      await drop();
      await opened.end();
    });

    test("a lock that is busy or gone takes two", async () => {
      const opened = open(url, { max: 1 });
      const { client, asked } = watched(opened.client);
      const { backend, drop } = newCase({ ...opened, client });
      await backend.create("a", newRecord());
      await backend.lock("a", 5);
      asked.length = 0;
      expect(await backend.lock("a", 5)).toBe("busy");
      expect(await backend.lock("b", 5)).toBe("ended");
      expect(asked).toHaveLength(4);
      await drop();
      await opened.end();
    });

    test.each([true, false])("prepare: %s", async (prepare) => {
      const opened = open(url, { max: 1 });
      const { backend, table, drop } = newCase(opened, { prepare });
      await backend.create("a", newRecord());
      for (let n = 0; n < 20; n++) {
        await backend.read("a");
        await backend.touch("a", 100 + n);
      }
      const prepared = await opened.query(
        `SELECT statement, name, generic_plans + custom_plans AS used FROM pg_prepared_statements
          WHERE statement LIKE '%"${table}"%' ORDER BY statement`,
      );
      expect(prepared.map(({ statement }) => String(statement).slice(0, 6))).toEqual(
        prepare ? ["INSERT", "SELECT", "UPDATE"] : [],
      );
      for (const { used } of prepared.slice(1)) expect(Number(used)).toBe(20);
      await drop();
      await opened.end();
    });
  });

  async function ownPlan(text: string, values: unknown[]): Promise<string[]> {
    const { rows } = await owner.client.query({ text: `EXPLAIN ${text}`, values, rowMode: "array" });
    return [rows.flat().join("\n")];
  }

  describe.each(Object.entries(OPENERS))("while others hold what it needs, on %s", (_, open) => {
    test("what expires while a call waits has ended, whenever the call began", async () => {
      const opened = open(url);
      const { backend, table, drop } = newCase(opened);
      const acts: [string, Act, unknown][] = [
        ["patch", () => backend.patch("patch", newPatch({ x: 1 })), "ended"],
        ["merge", () => backend.patch("merge", newPatch({ x: 1 }, { baseVersion: 0 })), "ended"],
        ["touch", () => backend.touch("touch", 1000), false],
        ["lock", () => backend.lock("lock", 5), "ended"],
        ["relock", () => backend.relock("relock", 0, 5), false],
        ["delete", () => backend.delete("delete"), false],
        ["revoke", () => backend.revokeUser("revoke"), []],
        ["create", () => backend.create("create", newRecord()), true],
      ];
      for (const [handle] of acts) {
        await backend.create(handle, newRecord({ idleTimeout: 4, userId: handle }));
      }
      const other = await owner.client.connect();
      await other.query(`BEGIN; UPDATE ${table} SET fence = fence`);
      const answers = acts.map(([, act]) => act(backend));
      await waiting(table, acts.length);
      const alive = `SELECT FROM ${table} WHERE expires_at > extract(epoch FROM clock_timestamp())`;
      expect(await owner.query(alive), "all began to wait while they lived").toHaveLength(acts.length);
      while ((await owner.query(alive)).length > 0) await sleep(20);
      await other.query("COMMIT");
      other.release();
      expect(await Promise.all(answers)).toEqual(acts.map(([, , expected]) => expected));
      await drop();
      await opened.end();
    });

    test("a lock lasts from when it was got, not from when it was asked for", async () => {
      const opened = open(url);
      const { backend, table, drop } = newCase(opened);
      await backend.create("a", newRecord());
      const other = await owner.client.connect();
      await other.query(`BEGIN; UPDATE ${table} SET fence = fence`);
      const locked = backend.lock("a", 5);
      await waiting(table);
      await other.query("SELECT pg_sleep(0.1)");
      const [freed] = (await other.query("SELECT extract(epoch FROM clock_timestamp())::float8 AS at")).rows;
      await other.query("COMMIT");
      other.release();
      expect(await locked).toBe(1);
      const [row] = await owner.query(`SELECT locked_until FROM ${table}`);
      expect(Number(row!.locked_until)).toBeGreaterThan(Number(freed.at) + 5);
      await drop();
      await opened.end();
    });

    test("a connection that the server ends in the middle of a call fails that call, and no other", async () => {
      const opened = open(url, { max: 1 });
      const { backend, table, drop } = newCase(opened);
      await backend.create("a", newRecord());
      const other = await owner.client.connect();
      await other.query(`BEGIN; UPDATE ${table} SET fence = fence`);
      const failing = expect(backend.patch("a", newPatch({ x: 1 }))).rejects.toThrow(
        /terminat|CONNECTION_CLOSED/,
      );
      await waiting(table);
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND query LIKE '%"${table}"%'`,
      );
      await failing;
      await other.query("ROLLBACK");
      other.release();
      expect(await backend.read("a")).toMatchObject({ version: 1 });
      expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ok");
      await drop();
      await opened.end();
    });
  });

  test("almost every update stays in its page, without a new entry in any index", async () => {
    // A database of its own: a transaction elsewhere in this one would keep what was updated from being tidied up.
    const name = newTable();
    await admin.query(`CREATE DATABASE ${name} OWNER micropie`);
    const own = openPool(url.replace(/micropie$/, name), { max: 1 });
    const { backend, table } = newCase(own);
    for (let n = 0; n < 20; n++) await backend.create(handleOf(n), newRecord({ userId: "ann" }));
    const updates = async (): Promise<{ all: number; hot: number }> => {
      await own.query("SELECT pg_stat_force_next_flush()");
      const [row] = await own.query(
        `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = '${table}'`,
      );
      return { all: Number(row!.all), hot: Number(row!.hot) };
    };
    let [version, best] = [1, 0];
    // The server's own ANALYZE may keep what was updated for a moment, also in a database of its own: then once more.
    for (let round = 0; round < 5 && best <= 720; round++) {
      const before = await updates();
      for (const end = version + 30; version < end; version++) {
        for (let n = 0; n < 20; n++) {
          const idleTimeout = 100 + version;
          await backend.patch(handleOf(n), newPatch({ version }, { baseVersion: version, idleTimeout }));
          if (version % 3 === 0) await backend.touch(handleOf(n), idleTimeout + 0.5);
        }
      }
      const after = await updates();
      expect(after.all - before.all).toBe(800);
      best = Math.max(best, after.hot - before.hot);
    }
    expect(best).toBeGreaterThan(720);
    backend.close();
    await own.end();
    await admin.query(`DROP DATABASE ${name}`);
  });

  describe("pruning", () => {
    test("four pools at once delete each record once, and tell of it once", async () => {
      const pools = [openPool(url), openPostgresJs(url), openPool(url), openPostgresJs(url)];
      const { table, backend, drop } = newCase(pools[0]!);
      await backend.create("a", newRecord());
      await owner.query(`INSERT INTO ${table} (handle, data, secret_hash, previous_epoch, previous_until, epoch,
          version, expires_at, absolute_expires_at, head, fence, locked_until)
        SELECT 'h' || n, '{}', '', 0, 0, 0, 1, n * 10, 0, '', 0, 0 FROM generate_series(1, 20000) AS n`);
      const told: string[] = [];
      const backends = pools.map(({ client }) => new PostgresSessionBackend(client, { table }));
      for (const each of backends) each.onExpired = (handle) => told.push(handle);
      const numbers = await Promise.all(backends.map((each) => each.prune()));
      expect(numbers.reduce((sum, number) => sum + number)).toBe(20_000);
      expect(new Set(told).size).toBe(20_000);
      expect(told).toHaveLength(20_000);
      expect(await backend.read("a")).toBeDefined();
      for (const each of backends) each.close();
      await drop();
      for (const each of pools) await each.end();
    });

    test("what somebody is just prolonging is left alone, without waiting for it", async () => {
      const { table, backend, advance, drop } = newCase(owner);
      await backend.create("a", newRecord());
      await backend.create("b", newRecord());
      await advance(100);
      const other = await owner.client.connect();
      await other.query(`BEGIN; UPDATE ${table} SET expires_at = expires_at + 500 WHERE handle = 'a'`);
      expect(await backend.prune()).toBe(1);
      await other.query("COMMIT");
      other.release();
      expect(await backend.prune()).toBe(0);
      expect(await backend.read("a")).toBeDefined();
      await drop();
    });

    test("happens by itself, in the background, until it is closed; never with pruneInterval 0", async () => {
      const never = newCase(owner, { pruneInterval: 0 });
      const { table } = never;
      const watching = watched(owner.client);
      const backend = new PostgresSessionBackend(watching.client, { table, pruneInterval: 0.01 });
      const expired = new Promise((resolve) => {
        backend.onExpired = resolve;
      });
      await never.backend.create("old", newRecord());
      await never.advance(1000);
      await never.backend.create("new", newRecord());
      const timers = () =>
        process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
      const before = timers();
      await backend.ready();
      expect(timers(), "no timer keeps the process alive").toBeLessThanOrEqual(before);
      expect(await expired).toBe("old");
      expect(await owner.query(`SELECT handle FROM ${table}`)).toEqual([{ handle: "new" }]);
      backend.close();
      await owner.query("SELECT 1");
      const { length } = watching.asked;
      await sleep(50);
      expect(watching.asked).toHaveLength(length);
      await never.drop();
    });
  });

  test("a pooler that mixes up prepared statements is named, with what to do", async () => {
    const table = newTable();
    const one = openPool(url, { max: 1 });
    const { backend, drop } = newCase(one, { table });
    await backend.create("a", newRecord());
    await backend.read("a");
    await one.query("DEALLOCATE ALL");
    await expect(backend.read("a")).rejects.toMatchObject({ option: "prepare", cause: { code: "26000" } });
    await drop();
    await one.end();
  });
});
