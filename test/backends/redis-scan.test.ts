import { Redis } from "ioredis";
import type { ScanPage, SessionBackend } from "micropie/backends/backend";
import { RedisSessionBackend } from "micropie/backends/redis";
import { ConfigError } from "micropie/errors";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { command, startRedis } from "../servers/redis.ts";
import { newRecord } from "./_records.ts";
import { newPrefix, nodeOf } from "./_redis.ts";

/** Stores sessions, every second one somebody's, and returns their handles. */
async function fill(backend: SessionBackend, count: number): Promise<string[]> {
  const handles = Array.from({ length: count }, (_, n) => `Handle${String(n).padStart(10, "0")}`);
  for (let at = 0; at < count; at += 500) {
    const some = handles.slice(at, at + 500);
    await Promise.all(
      some.map((handle, n) => backend.create(handle, newRecord({ userId: n % 2 === 0 ? "ann" : null }))),
    );
  }
  return handles;
}

async function scanAll(
  backend: SessionBackend,
  limit: number,
  from?: string,
): Promise<{ handles: string[]; pages: ScanPage[] }> {
  const pages: ScanPage[] = [];
  for (let cursor = from; pages.length === 0 || cursor !== undefined; ) {
    const page = await backend.scan({ limit, cursor });
    pages.push(page);
    cursor = page.cursor;
  }
  const handles = new Set(pages.flatMap(({ sessions }) => sessions.map(({ handle }) => handle)));
  return { handles: [...handles].sort(), pages };
}

const isWrongCursor = (error: unknown): boolean => error instanceof ConfigError && error.option === "cursor";

await onServer("redis", async () => {
  const server = await startRedis();
  const { url } = server;
  const { host, port } = nodeOf(url);
  let redis: Redis;

  beforeAll(() => {
    redis = new Redis(port, host);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  test("a scan finds sessions among many other keys, with SCAN and never KEYS, in pages of limited work", async () => {
    const backend = new RedisSessionBackend(redis, { prefix: newPrefix() });
    const others = Array.from({ length: 30_000 }, (_, n) => [`cache:${n}`, "x"]).flat();
    await redis.mset(...others);
    const handles = await fill(backend, 40);
    await command(port, "CONFIG", "RESETSTAT");
    const { handles: shown, pages } = await scanAll(backend, 10);
    expect(shown).toEqual(handles);
    expect(pages.every(({ sessions }) => sessions.length <= 10)).toBe(true);
    const stats = String(await command(port, "INFO", "commandstats"));
    expect(stats).toContain("cmdstat_scan:");
    expect(stats).not.toContain("cmdstat_keys:");
    // No page looks at all of the keys.
    expect(pages.length).toBeGreaterThan(4);
    await command(port, "FLUSHALL");
  });

  test("a count of many keys is an estimate from some of them, and says so", async () => {
    const backend = new RedisSessionBackend(redis, { prefix: newPrefix() });
    await redis.mset(...Array.from({ length: 4000 }, (_, n) => [`cache:${n}`, "x"]).flat());
    await fill(backend, 4000);
    const { sessions, signedIn = 0, exact } = await backend.countAll();
    expect(exact).toBe(false);
    expect(sessions).toBeGreaterThan(3200);
    expect(sessions).toBeLessThan(4800);
    expect(signedIn).toBeGreaterThan(1400);
    expect(signedIn).toBeLessThan(2600);
    await command(port, "FLUSHALL");
  });

  test("a session is on a page once, though SCAN shows it twice while the table of keys grows", async () => {
    const backend = new RedisSessionBackend(redis, { prefix: newPrefix() });
    const handles = await fill(backend, 300);
    const shown = new Set<string>();
    let more = 0;
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await backend.scan({ limit: 7, cursor });
      const here = page.sessions.map(({ handle }) => handle);
      expect(new Set(here).size).toBe(here.length);
      for (const handle of here) shown.add(handle);
      await redis.mset(...Array.from({ length: 100 }, () => [`other:${more++}`, "x"]).flat());
      cursor = page.cursor;
    }
    expect(handles.filter((handle) => !shown.has(handle))).toEqual([]);
    await command(port, "FLUSHALL");
  });

  test("a user of the server with the commands that the docs name can list, count and move sessions", async () => {
    const commands =
      "evalsha eval time get set getrange setrange del info pexpire pexpireat pttl zadd zcard zcount zrange zrandmember";
    const more = "zrem zscore scan dbsize randomkey cluster|slots";
    const allowed = `${commands} ${more}`.split(" ").map((name) => `+${name}`);
    await redis.acl(
      "SETUSER",
      "app",
      "on",
      "nopass",
      "~session:*",
      "resetchannels",
      "-@all",
      "+ping",
      ...allowed,
    );
    const client = createClient({ url: url.replace("//", "//app:x@"), disableClientInfo: true } as object);
    client.on("error", () => {});
    await client.connect();
    try {
      const backend = new RedisSessionBackend(client);
      const handles = await fill(backend, 30);
      await redis.set("other", "not for this user");
      expect((await scanAll(backend, 7)).handles).toEqual(handles);
      expect((await backend.countAll()).sessions).toBe(30);
      const moved = (await backend.moveOut(handles[0]!))!;
      await backend.delete(handles[0]!, undefined, "moved");
      expect(await backend.adopt(handles[0]!, moved)).toBe(true);
    } finally {
      client.destroy();
      await command(port, "FLUSHALL");
    }
  });

  test("a cursor of another server, or of this one before it was restarted, is refused", async () => {
    const backend = new RedisSessionBackend(redis, { prefix: "s:" });
    await fill(backend, 100);
    const { cursor } = await backend.scan({ limit: 5 });
    const second = await startRedis();
    const other = new Redis(nodeOf(second.url).port, nodeOf(second.url).host);
    try {
      const elsewhere = new RedisSessionBackend(other, { prefix: "s:" });
      await fill(elsewhere, 100);
      await expect(scanAll(elsewhere, 5, cursor)).rejects.toSatisfy(isWrongCursor);
      expect((await backend.scan({ limit: 5, cursor })).sessions.length).toBe(5);
    } finally {
      other.disconnect();
      await second.stop();
      await command(port, "FLUSHALL");
    }
  });

  describe.each(["plain:", "[ab]*?:", "back\\slash:", "ü-", ""])("with the prefix %j", (prefix) => {
    test.each(["ioredis", "node-redis"])(
      "and a client of %s that puts a prefix of its own before it",
      async (kind) => {
        const own = "app[1]*:";
        const given = new Redis(port, host, { keyPrefix: own });
        const client = kind === "ioredis" ? given : createClient({ url, keyPrefix: own } as object);
        if ("connect" in client && kind === "node-redis") await client.connect();
        try {
          const backend = new RedisSessionBackend(client as never, { prefix });
          const handles = await fill(backend, 20);
          await redis.set("appX1Y:HandleHandleHandl", "not ours");
          expect((await scanAll(backend, 6)).handles).toEqual(handles);
          expect(await backend.countAll()).toEqual({ sessions: 20, signedIn: 10, exact: true });
          expect((await backend.deleteMany(handles, "revoked")).length).toBe(20);
        } finally {
          given.disconnect();
          if (kind === "node-redis") (client as { destroy(): void }).destroy();
          await command(port, "FLUSHALL");
        }
      },
    );
  });
});
