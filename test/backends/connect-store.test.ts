import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisStore } from "connect-redis";
import { BackendError, ConfigError, createSessions } from "micropie";
import { type ConnectStoreLike, ConnectStoreSessionBackend } from "micropie/backends/connect-store";
import { browser, gate } from "micropie/testing";
import pg from "pg";
import { createClient } from "redis";
import { expect, onTestFinished, test, vi } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { FileStore, MemoryStore, PgStore } from "./_connect-stores.ts";
import { newPatch, newRecord } from "./_records.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "micropie-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const fileStore = (path: string) => new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => {} });

/** A store as somebody might write one: it keeps what it is given, and can be told how to answer. */
class ObjectStore implements ConnectStoreLike {
  readonly objects = new Map<string, object>();

  get(sid: string, callback: (error?: unknown, session?: unknown) => void): unknown {
    return callback(null, this.objects.get(sid));
  }
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown {
    this.objects.set(sid, session);
    return callback();
  }
  destroy(sid: string, callback: (error?: unknown) => void): unknown {
    this.objects.delete(sid);
    return callback();
  }
}

test("sessions of an engine live in a store for express-session", async () => {
  const store = new MemoryStore();
  const sessions = createSessions<{ visits: number }>({ backend: new ConnectStoreSessionBackend(store) });
  const ann = browser(sessions);
  await ann.request((session) => void Object.assign(session, { visits: 1 }));
  await ann.request((session) => expect(session.visits).toBe(1));
  expect(JSON.stringify(store)).not.toContain(ann.cookie?.split("=")[1]?.slice(16));
});

test("what a store adds is not seen, and a key `cookie` of the user's own stays", async () => {
  const path = folder();
  const backend = new ConnectStoreSessionBackend(fileStore(path));
  const data = { cookie: { crumbs: 1 }, __lastAccess: "mine", expires: 5, deep: { "a.b": [null, "\u0000"] } };
  await backend.save("one", data, 100);
  expect(JSON.parse(readFileSync(join(path, "one.json"), "utf8")).__lastAccess).toBeTypeOf("number");
  expect(await backend.load("one")).toEqual(data);
});

test("a store that keeps and changes what it was given does no harm", async () => {
  const store = new ObjectStore();
  const backend = new ConnectStoreSessionBackend(store);
  await backend.create("one", newRecord());
  const before = store.objects.get("one");
  await backend.patch("one", newPatch({ list: [1, 2] }));
  expect(store.objects.get("one")).not.toBe(before);
  Object.assign(store.objects.get("one")!, { cookie: null, lastModified: 1 });
  expect((await backend.read("one"))?.data).toBe('{"visits":1,"list":[1,2]}');
});

test("however a store says that there is nothing, there is no session", async () => {
  const store = new ObjectStore();
  const backend = new ConnectStoreSessionBackend(store);
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  for (const answer of [[], [null], [null, null], [undefined, undefined], [missing], [null, false]]) {
    store.get = (_, callback) => callback(...answer);
    expect(await backend.load("one")).toEqual({});
  }
  store.destroy = (_, callback) => callback(missing);
  await backend.save("one", {}, 0);
});

test("however a store says that it failed, it is an error, and one that could not be stored above all", async () => {
  const store = new ObjectStore();
  const backend = new ConnectStoreSessionBackend(store);
  const down = new Error("down");
  const failing: ((...args: unknown[]) => unknown)[] = [
    (...args) => (args.at(-1) as (error: Error) => void)(down),
    () => {
      throw down;
    },
    async () => {
      throw down;
    },
  ];
  for (const fail of failing) {
    Object.assign(store, { get: fail, set: fail, destroy: fail });
    await expect(backend.load("one")).rejects.toBe(down);
    await expect(backend.save("one", { a: 1 }, 10)).rejects.toBe(down);
    await expect(backend.save("one", {}, 10)).rejects.toBe(down);
  }
  const path = folder();
  const files = new ConnectStoreSessionBackend(fileStore(path));
  rmSync(path, { recursive: true });
  await expect(files.save("one", { a: 1 }, 10)).rejects.toMatchObject({ code: "ENOENT" });
});

test("only a store's first answer counts, and a promise of its own is none", async () => {
  const store = new ObjectStore();
  const backend = new ConnectStoreSessionBackend(store);
  await backend.save("one", { a: 1 }, 10);
  const stored = store.objects.get("one");
  store.get = (_, callback) => {
    callback(null, stored);
    callback(new Error("again"));
    throw new Error("and again");
  };
  expect(await backend.load("one")).toEqual({ a: 1 });
  const written = gate();
  store.set = async (sid, session, callback) => {
    void written.wait().then(() => {
      store.objects.set(sid, session);
      callback();
    });
  };
  store.get = ObjectStore.prototype.get;
  let done = false;
  const saving = backend.save("one", { a: 2 }, 10).then(() => {
    done = true;
  });
  await written.reached;
  await new Promise(setImmediate);
  expect(done).toBe(false);
  written.open();
  await saving;
  expect(await backend.load("one")).toEqual({ a: 2 });
});

test("a store that never calls back costs a request its deadline, no more", async () => {
  const store = new ObjectStore();
  store.get = () => {};
  const sessions = createSessions({
    backend: new ConnectStoreSessionBackend(store),
    backendTimeout: 0.1,
  });
  const loading = sessions.load(`session_id=${"a".repeat(48)}`);
  await expect(loading).rejects.toThrow(BackendError);
});

test("a session file that is damaged is no session, and no error", async () => {
  const path = folder();
  const backend = new ConnectStoreSessionBackend(fileStore(path));
  await backend.create("one", newRecord());
  writeFileSync(join(path, "one.json"), '{"cookie":');
  expect(await backend.read("one")).toMatchObject({ secretHash: "", data: "" });
  expect(await backend.read("one")).toBeUndefined();
  expect(readdirSync(path)).toEqual([]);
});

test("what is not a store is refused at the start", () => {
  for (const wrong of [undefined, null, {}, { get() {}, set() {} }, MemoryStore]) {
    expect(() => new ConnectStoreSessionBackend(wrong as never)).toThrow(
      expect.objectContaining({ constructor: ConfigError, option: "backend" }),
    );
  }
});

test("a store is asked to keep a session for its timeout, and for ten years at most", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const store = new ObjectStore();
  const backend = new ConnectStoreSessionBackend(store);
  for (const [timeout, kept] of [
    [100, 100],
    [0.25, 0.25],
    [Number.MAX_SAFE_INTEGER, 315_360_000],
  ] as const) {
    await backend.save("one", { a: 1 }, timeout);
    const { cookie } = store.objects.get("one") as { cookie: Record<string, unknown> };
    expect(cookie).toMatchObject({ originalMaxAge: kept * 1000, maxAge: kept * 1000 });
    expect(Number(cookie.expires) - Date.now()).toBe(kept * 1000);
    expect(await backend.load("one")).toEqual({ a: 1 });
  }
});

await onServer("redis", ({ url }) => {
  test("connect-redis lets a session expire with its deadline, also after a touch", async () => {
    const client = await createClient({ url }).connect();
    onTestFinished(() => client.close());
    const prefix = `${randomBytes(6).toString("hex")}:`;
    const backend = new ConnectStoreSessionBackend(new RedisStore({ client, prefix }));
    await backend.create("one", newRecord({ idleTimeout: 100, absoluteTimeout: 500 }));
    // To within a minute, because a busy machine takes its time.
    const left = async () => Math.ceil((await client.ttl(`${prefix}one`)) / 60);
    expect(await left()).toBe(2);
    await backend.touch("one", 300);
    expect(await left()).toBe(5);
    await backend.touch("one", 900);
    expect(await left()).toBe(9);
    await backend.delete("one");
    expect(await client.exists(`${prefix}one`)).toBe(0);
  });
});

await onServer("postgres", ({ url }) => {
  test("connect-pg-simple stores the deadline in its column, and every text in json or jsonb", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const schemaName = `express_${randomBytes(6).toString("hex")}`;
    await pool.query(`CREATE SCHEMA ${schemaName}`);
    onTestFinished(async () => {
      await pool.query(`DROP SCHEMA ${schemaName} CASCADE`);
      await pool.end();
    });
    const store = new PgStore({ pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false });
    const backend = new ConnectStoreSessionBackend(store);
    const data = JSON.stringify({ nul: "\u0000", lone: "\ud800", face: "😀", b: 1, a: 1, ["__proto__"]: 1 });
    await backend.create("one", newRecord({ data, idleTimeout: 100 }));
    const { rows } = await pool.query(
      `SELECT extract(epoch FROM expire - now()::timestamp) AS left FROM ${schemaName}.session`,
    );
    expect(Math.abs(Number(rows[0].left) - 100)).toBeLessThan(60);
    expect((await backend.read("one"))?.data).toBe(data);
    await pool.query(`ALTER TABLE ${schemaName}.session ALTER COLUMN sess TYPE jsonb`);
    await backend.patch("one", newPatch({ more: "\u0000" }));
    expect(JSON.parse((await backend.read("one"))!.data).more).toBe("\u0000");
  });
});
