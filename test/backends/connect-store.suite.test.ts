import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisStore } from "connect-redis";
import { type ConnectStoreLike, ConnectStoreSessionBackend } from "micropie/backends/connect-store";
import { backendSuite, type TestStore } from "micropie/testing";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, describe, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { FileStore, MemoryStore, MemorystoreStore, PgStore } from "./_connect-stores.ts";

/** The back-end over this store, with the clock of the case for the engine; the store goes on by its own. */
function over(store: ConnectStoreLike, now: () => number, close?: TestStore["close"]): TestStore {
  const backend = new ConnectStoreSessionBackend(store);
  backend.now = now;
  return { backend, ...(close && { close }) };
}

type Create = (clock: { now: () => number }) => TestStore | Promise<TestStore>;

function suite(create: Create): void {
  for (const { name, run } of backendSuite({ create })) test(name, run);
}

/** For stores that compare `cookie.expires` with `Date.now()`: if that jumps a day, to them every session is over. */
function suiteByProcessClock(create: Create): void {
  for (const { name, run } of backendSuite({ create })) {
    const holds =
      name !== "B4: a server whose own clock is a day off neither ends a session early nor keeps it longer";
    (holds ? test : test.fails)(name, run);
  }
}

describe("over MemoryStore of express-session", () => {
  suiteByProcessClock(({ now }) => over(new MemoryStore(), now));
});

describe("over memorystore", () => {
  suiteByProcessClock(({ now }) => over(new MemorystoreStore({}), now));
});

describe("over session-file-store", () => {
  suite(({ now }) => {
    const path = mkdtempSync(join(tmpdir(), "micropie-"));
    // By default it tries five times more to read a file that is not there, a quarter of a second in all.
    const store = new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => {} });
    return over(store, now, () => rmSync(path, { recursive: true }));
  });
});

await onServer("redis", async ({ url }) => {
  const client = await createClient({ url }).connect();
  afterAll(() => client.close());
  describe("over connect-redis", () => {
    suite(({ now }) => {
      const prefix = `${randomBytes(6).toString("hex")}:`;
      return over(new RedisStore({ client, prefix }), now);
    });
  });
});

await onServer("postgres", async ({ url }) => {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const schemaName = `express_${randomBytes(6).toString("hex")}`;
  await pool.query(`CREATE SCHEMA ${schemaName}`);
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${schemaName} CASCADE`);
    await pool.end();
  });
  describe("over connect-pg-simple", () => {
    suiteByProcessClock(async ({ now }) => {
      const store = new PgStore({
        pool,
        schemaName,
        createTableIfMissing: true,
        pruneSessionInterval: false,
      });
      await new Promise((resolve) => store.get("none", resolve));
      await pool.query(`TRUNCATE ${schemaName}.session`);
      return over(store, now);
    });
  });
});
