import { DatabaseSync } from "node:sqlite";
import { ConfigError } from "micropie";
import {
  type D1Like,
  type D1Options,
  D1SessionBackend,
  type D1Statement,
  d1Schema,
} from "micropie/backends/d1";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { describe, expect, test } from "vitest";
import { handleOf, newPatch, newRecord } from "./_records.ts";
import { onControl } from "./_workers.ts";

test("hundreds that change one session at once get through, because they do not meet again and again", async () => {
  const file = new DatabaseSync(":memory:");
  const run = (sql: string, values: (string | number | null)[]) => ({
    results: file.prepare(sql).all(...values),
  });
  const bound = (sql: string, values: (string | number | null)[]): D1Statement => ({
    bind: (...given) => bound(sql, given),
    all: () => new Promise((resolve) => setImmediate(() => resolve(run(sql, values)))),
  });
  file.exec(d1Schema());
  const database: D1Like = {
    prepare: (sql) => bound(sql, []),
    batch: async (all) => Promise.all(all.map((each) => each.all())),
  };
  const backend = new D1SessionBackend(database);
  await backend.create("a", newRecord());
  const patches = Array.from({ length: 300 }, (_, n) =>
    backend.patch("a", newPatch({ [`key${n}`]: n }, { baseVersion: 0 })),
  );
  expect(new Set(await Promise.all(patches))).toEqual(new Set(["merged"]));
  expect(Object.keys(JSON.parse((await backend.read("a"))!.data))).toHaveLength(301);
});

describe("at the start", () => {
  const database = { prepare: () => {}, batch: () => {} } as unknown as D1Like;
  const refused: [string, unknown, D1Options][] = [
    ["backend", {}, {}],
    ["backend", undefined, {}],
    ["backend", { ...database, getBookmark: () => null }, {}],
    ["table", database, { table: 'a"b' }],
    ["table", database, { table: "sqlite_x" }],
    ["table", database, { table: "_cf_KV" }],
    ["createTable", database, { createTable: "yes" as unknown as boolean }],
    ["pruneInterval", database, { pruneInterval: -1 }],
  ];
  test.each(refused)("a wrong %s is named (%#)", (option, db, options) => {
    const start = () => new D1SessionBackend(db as D1Like, options);
    expect(start).toThrow(expect.objectContaining({ name: "ConfigError", option }));
  });

  test("the schema is refused a wrong name, can be run again, and makes a table that SQLite's back-end takes", () => {
    expect(() => d1Schema("a b")).toThrow(ConfigError);
    const file = new DatabaseSync(":memory:");
    file.exec(d1Schema("web"));
    file.exec(d1Schema("web"));
    expect(new SqliteSessionBackend(file, { table: "web" }).create("a", newRecord())).toBe(true);
    file.close();
  });
});

await onControl(({ ask, value }) => {
  const sql = (text: string, ...args: unknown[]) => value({ on: "sql", verb: text, args });
  const on = (options: D1Options) => {
    const call =
      (verb: string) =>
      (...args: unknown[]) =>
        ask({ on: "d1", options, verb, args });
    return {
      read: call("read"),
      create: call("create"),
      patch: call("patch"),
      touch: call("touch"),
      delete: call("delete"),
      lock: call("lock"),
      prune: call("prune"),
      load: call("load"),
    };
  };
  const names = async () =>
    (
      (await sql(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'",
      )) as { name: string }[]
    ).map(({ name }) => name);

  test("each verb is one round trip, also the one of a new session that prunes", async () => {
    const d1 = on({ table: "trips" });
    expect(await d1.read("a")).toMatchObject({ calls: 3 });
    expect(await d1.create("a", newRecord())).toMatchObject({ value: true, calls: 1 });
    expect(await d1.create("b", newRecord())).toMatchObject({ value: true, calls: 1 });
    expect(await d1.read("a")).toMatchObject({ value: { version: 1 }, calls: 1 });
    expect(await d1.patch("a", { x: 1 })).toMatchObject({ value: "ok", calls: 1 });
    expect(await d1.patch("a", { y: 1 }, { ifVersion: 2, baseVersion: 2 })).toMatchObject({ calls: 1 });
    expect(await d1.patch("a", { z: 1 })).toMatchObject({ value: "merged", calls: 3 });
    expect(await d1.touch("a", 10)).toMatchObject({ value: true, calls: 1 });
    expect(await d1.lock("a", 10)).toMatchObject({ value: 1, calls: 1 });
    expect(await d1.delete("a")).toMatchObject({ value: true, calls: 1 });
  });

  test("the table is made when it is missing, also by many at once, and when somebody has dropped it", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        on({ table: "fresh", pruneInterval: n }).create(handleOf(n), newRecord()),
      ),
    );
    expect(answers.map(({ value }) => value)).toEqual(Array(8).fill(true));
    await sql("DROP TABLE fresh");
    expect(await on({ table: "fresh" }).read(handleOf(1))).not.toHaveProperty("error");
    expect(await names()).toEqual(expect.arrayContaining(["fresh", "fresh_expires_at", "fresh_user_id"]));
  });

  test("a table of somebody else, and one that lost a column, are refused and left alone", async () => {
    await sql("CREATE TABLE theirs (id TEXT, user_id TEXT, expires_at REAL)");
    const before = await names();
    const refusal = {
      name: "ConfigError",
      option: "backend",
      message: expect.stringMatching(/not for sessions.*`table`/),
    };
    expect(await on({ table: "theirs" }).create("a", newRecord())).toMatchObject({ error: refusal });
    expect(await on({ table: "theirs" }).read("a")).toMatchObject({ error: refusal });
    expect(await names()).toEqual(before);
    await on({ table: "changed" }).read("a");
    await sql("ALTER TABLE changed DROP COLUMN fence");
    expect(await on({ table: "changed" }).read("a")).toMatchObject({ error: refusal });
  });

  test("with createTable: false a missing table is an error that says what to do; the SQL of d1Schema creates it", async () => {
    const d1 = on({ table: "by_hand", createTable: false });
    expect(await d1.create("a", newRecord())).toMatchObject({
      error: { name: "ConfigError", option: "createTable", message: expect.stringContaining("d1Schema()") },
    });
    for (const statement of d1Schema("by_hand").split(";\n").filter(Boolean)) await sql(statement);
    expect(await d1.create("a", newRecord())).toMatchObject({ value: true });
  });

  test("a new session takes a hundred expired ones along, and tells of each; prune deletes all", async () => {
    const d1 = on({ table: "due" });
    await d1.read("a");
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2250)
        INSERT INTO due SELECT 'old-' || i, '{}', '', NULL, 0, 0, 0, 1, i, 9, iif(i = 7, 'ann', NULL), '', 0, 0 FROM n`,
    );
    const { expired } = await d1.create("a", newRecord());
    expect(expired).toHaveLength(100);
    expect(expired).toContainEqual(["old-7", "ann"]);
    expect((await d1.create("b", newRecord())).expired, "more were due").toHaveLength(100);
    const pruned = await d1.prune();
    expect(pruned).toMatchObject({ value: 2050, calls: 3 });
    expect(pruned.expired).toHaveLength(2050);
    expect((await d1.create("c", newRecord())).expired).toEqual([]);
    await sql("UPDATE due SET OLDER", 100);
    expect((await d1.create("d", newRecord())).expired, "the interval is not over").toEqual([]);
    expect(await d1.prune()).toMatchObject({ value: 3 });
    expect(await d1.read("d")).toMatchObject({ value: { version: 1 } });
  });

  test("an expired record gives its place to a new one", async () => {
    const d1 = on({ table: "places" });
    await d1.create("a", newRecord({ userId: "ann" }));
    await sql("UPDATE places SET OLDER", 100);
    expect(await d1.touch("a", 100)).toMatchObject({ value: false });
    expect(await d1.create("a", newRecord())).toMatchObject({ value: true });
    expect(await d1.read("a")).toMatchObject({ value: { userId: null, version: 1 } });
  });

  test("a record of more than two megabytes is refused, and what was stored stays", async () => {
    const d1 = on({ table: "large" });
    const text = "x".repeat(1_900_000);
    expect(await d1.create("a", newRecord({ data: JSON.stringify({ text }) }))).toMatchObject({
      value: true,
    });
    const larger = await d1.patch("a", { text: "y".repeat(2_500_000) });
    expect(larger.error?.message).toMatch(/too big/i);
    expect(await d1.read("a")).toMatchObject({ value: { version: 1 } });
  });
});
