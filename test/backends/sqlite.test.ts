import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { type SqliteLike, SqliteSessionBackend } from "micropie/backends/sqlite";
import { withClock } from "micropie/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { handleOf, newPatch, newRecord } from "./_records.ts";

type Handle = SqliteLike & { close(): void };
let time = 1000;
const now = () => time;
let path = "";

beforeEach(() => {
  time = 1000;
  path = join(mkdtempSync(join(tmpdir(), "micropie-")), "sessions.db");
});
afterEach(() => {
  rmSync(join(path, ".."), { recursive: true });
});

const handles: Record<string, () => Handle> = {
  "node:sqlite": () => new DatabaseSync(path),
  "node:sqlite with bigints": () => new DatabaseSync(path, { readBigInts: true }),
};

describe.each(Object.entries(handles))("a handle of %s", (_, open) => {
  test("fits, answers at once, and stays open and as it was", () => {
    const db = open();
    db.exec("PRAGMA user_version = 7; CREATE TABLE theirs (x); BEGIN; INSERT INTO theirs VALUES (1); COMMIT");
    const backend = withClock(new SqliteSessionBackend(db), now);
    expect(backend.create("a", newRecord({ userId: "ann", head: 'é "head"' }))).toBe(true);
    expect(backend.create("a", newRecord())).toBe(false);
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "bob" };
    expect(backend.patch("a", newPatch({ x: 1 }, { rotation, ifSecretHash: "hash-1", ifVersion: 1 }))).toBe(
      "ok",
    );
    expect(backend.patch("a", newPatch({ y: 1 }))).toBe("stale");
    expect(backend.patch("a", newPatch({ y: 1 }, { ifEpoch: 1 }))).toBe("merged");
    expect(backend.patch("gone", newPatch({ y: 1 }))).toBe("ended");
    expect(backend.read("a")).toStrictEqual({
      data: '{"visits":1,"x":1,"y":1}',
      secretHash: "hash-2",
      previousSecretHash: "hash-1",
      previousEpoch: 0,
      previousUntil: 1010,
      epoch: 1,
      version: 3,
      expiresAt: 1100,
      absoluteExpiresAt: 2000,
      userId: "bob",
      head: 'é "head"',
      now: 1000,
    });
    expect(backend.lock("a", 5)).toBe(1);
    expect(backend.lock("a", 5)).toBe("busy");
    expect(backend.patch("a", newPatch({}, { ifEpoch: 1, ifFence: 0 }))).toBe("stale");
    expect(backend.relock("a", 1, 0)).toBe(true);
    expect(backend.lock("a", 5)).toBe(2);
    expect(backend.listByUser("ann")).toEqual([]);
    expect(backend.touch("a", 5000)).toBe(true);
    expect((backend.listByUser("bob") as unknown[])[0]).toMatchObject({ record: { expiresAt: 2000 } });
    expect(backend.revokeUser("bob", "a")).toEqual([]);
    expect(backend.delete("a", 2)).toBe(false);
    expect(backend.revokeUser("bob")).toEqual(["a"]);
    expect(backend.delete("a")).toBe(false);
    backend.close();
    expect(Number(Object.values(db.prepare("PRAGMA user_version").get() as object)[0])).toBe(7);
    withClock(new SqliteSessionBackend(db), now).close();
    db.close();
  });

  test("inside the owner's transaction, sessions are written and undone with it", () => {
    const db = open();
    const backend = withClock(new SqliteSessionBackend(db), now);
    db.exec("BEGIN");
    backend.create("a", newRecord());
    expect(backend.patch("a", newPatch({ x: 1 }, { baseVersion: 9 }))).toBe("merged");
    db.exec("ROLLBACK");
    expect(backend.read("a")).toBeUndefined();
    db.close();
  });
});

test("a path: sessions outlive the back-end; close can be called again", () => {
  const first = new SqliteSessionBackend(path);
  first.create("a", newRecord({ data: '{"__proto__":{"a":1},"micropie":2,"t":"\\u0000\\ud800 é😀"}' }));
  const record = first.read("a") as object;
  first.close();
  first.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  const second = new SqliteSessionBackend(path);
  expect(second.read("a")).toEqual({ ...record, now: expect.any(Number) });
  second.close();
});

test("records go from one back-end to another and back with load and save", async () => {
  const memory = withClock(new InMemorySessionBackend(), now);
  const backend = withClock(new SqliteSessionBackend(":memory:"), now);
  memory.create("a", newRecord({ userId: "ann", data: '{"__proto__":{"a":1},"micropie":2}' }));
  memory.lock("a", 5);
  await backend.save("a", memory.load("a"), 1000);
  expect(await backend.read("a")).toEqual(memory.read("a"));
  expect(await backend.load("a")).toEqual(memory.load("a"));
  expect(await backend.lock("a", 5)).toBe("busy");
  await backend.save("a", {}, 0);
  expect(await backend.load("a")).toEqual({});
  await backend.save("plain", { visits: 1 }, 10);
  expect(await backend.load("plain")).toEqual({ visits: 1 });
  expect(await backend.read("plain")).toBeUndefined();
});

test("prune deletes what has expired in batches, and tells of each once", async () => {
  const backend = withClock(new SqliteSessionBackend(":memory:"), now);
  const expired: unknown[] = [];
  backend.onExpired = (handle, userId) => expired.push([handle, userId]);
  for (let i = 0; i < 1200; i++)
    await backend.create(handleOf(i), newRecord({ userId: i === 3 ? "ann" : null }));
  await backend.touch(handleOf(5), 500);
  time += 100;
  expect(await backend.prune()).toBe(1199);
  expect(await backend.prune()).toBe(0);
  expect(expired).toHaveLength(1199);
  expect(expired).toContainEqual([handleOf(3), "ann"]);
});

test("writes prune now and then", async () => {
  const backend = withClock(new SqliteSessionBackend(":memory:", { pruneInterval: 0 }), now);
  const expired: string[] = [];
  backend.onExpired = (handle) => expired.push(handle);
  await backend.create("a", newRecord());
  time += 100;
  expect(await backend.read("a")).toBeUndefined();
  expect(expired).toEqual([]);
  await backend.create("b", newRecord());
  expect(expired).toEqual(["a"]);
});

test("an expired record gives its place to a new one", async () => {
  const backend = withClock(new SqliteSessionBackend(":memory:"), now);
  await backend.create("a", newRecord({ userId: "ann" }));
  time += 100;
  expect(await backend.touch("a", 100)).toBe(false);
  expect(await backend.patch("a", newPatch({}))).toBe("ended");
  expect(await backend.create("a", newRecord())).toBe(true);
  expect(await backend.read("a")).toMatchObject({ userId: null, absoluteExpiresAt: 2100 });
});

test("while another connection writes, a call waits without holding the event loop, and then succeeds", async () => {
  const backend = new SqliteSessionBackend(path, { busyTimeout: 100 });
  await backend.create("a", newRecord());
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const before = performance.now();
  const patched = backend.patch("a", newPatch({ x: 1 }));
  const deleted = backend.delete("gone");
  expect(performance.now() - before).toBeLessThan(50_000);
  expect([patched, deleted]).toEqual([expect.any(Promise), expect.any(Promise)]);
  expect(backend.read("a")).toMatchObject({ data: '{"visits":1}' });
  other.exec("COMMIT");
  expect(await patched).toBe("ok");
  expect(await deleted).toBe(false);
  other.close();
  backend.close();
});

test("when it stays locked, the driver's error comes after busyTimeout", async () => {
  const backend = new SqliteSessionBackend(path, { busyTimeout: 0.05 });
  await backend.create("a", newRecord());
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  await expect(backend.patch("a", newPatch({ x: 1 }))).rejects.toThrow(/locked/);
  other.exec("ROLLBACK");
  other.close();
  backend.close();
});

test("a database in UTF-16 holds any text as well as one in UTF-8", async () => {
  const db = new DatabaseSync(":memory:");
  db.exec("PRAGMA encoding = 'UTF-16'");
  const backend = new SqliteSessionBackend(db);
  const data = JSON.stringify({ name: "é😀漢字\u2028" });
  await backend.create("a", newRecord({ data, userId: "é😀" }));
  expect(await backend.read("a")).toMatchObject({ data, userId: "é😀" });
  expect(await backend.listByUser("é😀")).toHaveLength(1);
  expect(await backend.revokeUser("é😀")).toEqual(["a"]);
  db.close();
});

test("on a full disk a write fails and what was stored stays", async () => {
  const db = new DatabaseSync(path);
  const backend = new SqliteSessionBackend(db);
  await backend.create("a", newRecord());
  db.exec("PRAGMA max_page_count = 12");
  const large = newPatch({ text: "x".repeat(100_000) });
  expect(() => backend.patch("a", large)).toThrow(/full/);
  expect(await backend.read("a")).toMatchObject({ data: '{"visits":1}', version: 1 });
  expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ok");
  db.close();
});
