import { RedisStore } from "connect-redis";
import type { Store } from "express-session";
import { createSessions, info, logout, type SessionData } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import { browser } from "micropie/testing";
import { expect, test } from "vitest";
import { PgStore } from "../backends/_connect-stores.ts";
import { onEveryBackend } from "../backends/_every-backend.ts";
import { newTable, openPool } from "../backends/_postgres.ts";
import { CLIENTS, nodeOf } from "../backends/_redis.ts";
import { onServer } from "../servers/on-server.ts";
import { ANN, oldSite } from "./_express.ts";
import { OldLibrary } from "./_old-library.ts";
import { newSite, seenWith, Visitor } from "./_site.ts";

const userId = (data: SessionData) => data.user as string | undefined;

await onServer("redis", ({ url }) => {
  test("from connect-redis to Redis: who is signed in there is signed in here, in one server", async () => {
    const { client, close } = await CLIENTS["node-redis"]([nodeOf(url)]);
    const prefix = `${newTable()}:`;
    const redis = client as ConstructorParameters<typeof RedisStore>[0]["client"];
    const old = await oldSite({ store: new RedisStore({ client: redis, prefix }) });
    const backend = new RedisSessionBackend(client, { prefix: `${prefix}new:` });
    const site = await newSite(old.reader(), {}, { backend, userIdOf: userId });
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const stolen = ann.header;
    const both = await Promise.all([1, 2, 3].map(() => seenWith(site.url, stolen)));
    expect(both).toEqual([ANN, ANN, ANN]);
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(await site.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
    expect(await seenWith(old.url, stolen)).toEqual({});
    await ann.get(site.url, "/logout");
    expect(await seenWith(site.url, stolen)).toEqual({});
    await backend.close();
    await close();
  });
});

await onServer("postgres", ({ url }) => {
  test("from connect-pg-simple: who is signed in there is signed in here", async () => {
    const opened = openPool(url);
    const schemaName = newTable();
    await opened.query(`CREATE SCHEMA ${schemaName}`);
    const options = { pool: opened.client, schemaName, createTableIfMissing: true } as const;
    const store = new PgStore({ ...options, pruneSessionInterval: false }) as unknown as Store;
    const old = await oldSite({ store });
    const site = await newSite(old.reader());
    const ann = new Visitor();
    await ann.get(old.url, "/login");
    const stolen = ann.header;
    expect(await ann.see(site.url)).toEqual(ANN);
    expect(await opened.query(`SELECT * FROM ${schemaName}.session`)).toEqual([]);
    expect(await seenWith(old.url, stolen)).toEqual({});
    await opened.query(`DROP SCHEMA ${schemaName} CASCADE`);
    await opened.end();
  });
});

await onEveryBackend((create) => {
  test("requests that overlap meet in one session; what has ended stays ended, until the cookie does", async () => {
    const { backend, advance } = await create();
    const old = new OldLibrary({ stored: false });
    const servers = [1, 2, 3].map(() => createSessions({ backend, legacy: old.options(), userIdOf: userId }));
    const cookie = old.visitor({ user: "ann", n: 1 });
    const open = await Promise.all(servers.map(async (sessions) => sessions.load(cookie)));
    expect(new Set(open.map((session) => info(session).handle)).size).toBe(1);
    for (const session of open) expect({ ...session }).toEqual({ user: "ann", n: 1 });
    expect(await servers[0]!.list({ userId: "ann" }).toArray()).toHaveLength(1);
    const ann = browser(servers[0]!, cookie);
    await ann.request((session) => void Object.assign(session, { n: 2 }));
    expect(await ann.request((session) => ({ ...session }))).toEqual({ user: "ann", n: 2 });
    await ann.request(logout);
    expect(await servers[0]!.list({ userId: "ann" }).toArray()).toEqual([]);
    for (const days of [0, 1, 28]) {
      await advance(days * 86_400);
      expect({ ...(await servers[1]!.load(cookie)) }).toEqual({});
    }
  });

  test("a session ends by its own time, and then stays ended as well", async () => {
    const { backend, advance } = await create();
    const old = new OldLibrary({ stored: false });
    const sessions = createSessions({ backend, legacy: old.options() });
    const cookie = old.visitor({ n: 1 });
    await sessions.commit(await sessions.load(cookie));
    await advance(28_000);
    expect({ ...(await sessions.load(cookie)) }).toEqual({ n: 1 });
    await advance(28_900);
    expect({ ...(await sessions.load(cookie)) }).toEqual({});
  });
});
