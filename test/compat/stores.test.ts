import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisStore } from "connect-redis";
import realSession from "express-session";
import createMemoryStore from "memorystore";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import session from "micropie/compat/drop-in";
import { SessionStore } from "micropie/compat/store";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type Browser, type Site, site } from "./_site.ts";

type Module = typeof session;
type Factory = (from: Module) => new (options: object) => InstanceType<Module["Store"]>;
const require = createRequire(import.meta.url);
const real = realSession as unknown as Module;

/** A store over the same data for each server, made with the module that the server runs on, as its user would. */
type Open = (from: Module) => InstanceType<Module["Store"]>;

/** What two servers do with one browser; the first is asked first. */
async function sideBySide(open: Open, first: Module, second: Module): Promise<void> {
  const cookie = { maxAge: 600_000 };
  const begin = (implementation: Module): Promise<Site> =>
    site({ implementation, store: open(implementation), cookie });
  const [one, two] = [await begin(first), await begin(second)];
  const [ann, tab] = [one.visitor(), two.visitor()];
  const at = async (browser: Browser, path: string) => {
    const answer = await browser.get(path);
    (browser === ann ? tab : ann).jar.take(answer.cookies);
    expect(answer.status).toBe(200);
    return path === "/destroy" ? answer.body : JSON.parse(answer.body);
  };
  const [here, there] = [(path: string) => at(ann, path), (path: string) => at(tab, path)];
  expect(await here("/set/a/1")).toEqual({ a: "1" });
  expect(await there("/set/b/2")).toEqual({ a: "1", b: "2" });
  expect(await here("/unset/a")).toEqual({ b: "2" });
  expect(await there("/")).toEqual({ b: "2" });
  const before = ann.sid;
  expect(tab.sid).toBe(before);
  await there("/regenerate/ann");
  expect(await here("/")).toEqual({ user: "ann" });
  expect(ann.sid).not.toBe(before);
  await here("/regenerate/bob");
  expect(await there("/set/more/1")).toEqual({ user: "bob", more: "1" });
  expect(await here("/destroy")).toBe("destroyed");
  expect(await there("/")).toEqual({});
  await there("/set/c/1");
  expect(await there("/destroy")).toBe("destroyed");
  expect(await here("/")).toEqual({});
}

function both(open: Open): void {
  test("old servers first", () => sideBySide(open, real, session));
  test("new servers first", () => sideBySide(open, session, real));
  test("new servers alone", () => sideBySide(open, session, session));
}

describe("memorystore", () => {
  // It lives in one process: there is nothing to share with old servers.
  const store = new (createMemoryStore(session as never))({});
  test("new servers", () => sideBySide(() => store as never, session, session));
});

describe("session-file-store", () => {
  const path = mkdtempSync(join(tmpdir(), "micropie-"));
  afterAll(() => rmSync(path, { recursive: true }));
  const make = require("session-file-store") as Factory;
  both((from) => new (make(from))({ path, retries: 0, reapInterval: -1, logFn: () => {} }));
});

describe("our SessionStore", () => {
  const path = mkdtempSync(join(tmpdir(), "micropie-"));
  const backends: SqliteSessionBackend[] = [];
  afterAll(() => {
    for (const backend of backends) backend.close();
    rmSync(path, { recursive: true });
  });
  both(() => {
    const backend = new SqliteSessionBackend(join(path, "sessions.sqlite"));
    backends.push(backend);
    return new SessionStore(backend) as never;
  });
});

await onServer("redis", async ({ url }) => {
  const client = await createClient({ url }).connect();
  afterAll(() => client.close());
  const prefix = `${randomBytes(6).toString("hex")}:`;

  describe("connect-redis", () => {
    // Its class extends the Store of express-session, whichever module asks for it.
    both(() => new RedisStore({ client, prefix }) as never);

    test("both store the same text under the same key", async () => {
      const texts: string[] = [];
      for (const implementation of [real, session]) {
        const own = `${randomBytes(6).toString("hex")}:`;
        const store = new RedisStore({ client, prefix: own }) as never;
        const ann = (await site({ implementation, store, cookie: { sameSite: "lax" } })).visitor();
        await ann.get("/set/a/1");
        await ann.get("/set/b/2");
        texts.push((await client.get(own + ann.sid))!);
      }
      expect(texts[1]).toBe(texts[0]);
    });

    test("a cookie that is over takes itself away, and its session with it", async () => {
      const store = new RedisStore({ client, prefix }) as never;
      const { visitor } = await site({ store, cookie: { maxAge: 100_000 } }, (app) => {
        app.get("/end", (req, res) => {
          req.session.cookie.expires = new Date(0);
          req.session.ended = true;
          res.end();
        });
      });
      const ann = visitor();
      await ann.get("/set/a/1");
      const { sid } = ann;
      expect((await ann.get("/end")).cookies).toEqual([expect.stringContaining("Expires=Thu, 01 Jan 1970")]);
      expect(await client.exists(prefix + sid)).toBe(0);
    });

    test("a session lives for its maxAge after each request", async () => {
      const store = new RedisStore({ client, prefix });
      const ann = (await site({ store: store as never, cookie: { maxAge: 100_000 } })).visitor();
      await ann.get("/set/a/1");
      await client.expire(prefix + ann.sid, 10);
      await ann.get("/");
      expect(await client.ttl(prefix + ann.sid)).toBeGreaterThan(90);
      await client.expire(prefix + ann.sid, 10);
      await ann.get("/set/a/2");
      expect(await client.ttl(prefix + ann.sid)).toBeGreaterThan(90);
    });
  });
});

await onServer("postgres", async ({ url }) => {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const schemaName = `compat_${randomBytes(6).toString("hex")}`;
  await pool.query(`CREATE SCHEMA ${schemaName}`);
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${schemaName} CASCADE`);
    await pool.end();
  });
  const make = require("connect-pg-simple") as Factory;
  const settings = { pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false };
  describe("connect-pg-simple", () => {
    both((from) => new (make(from))(settings));
  });
});
