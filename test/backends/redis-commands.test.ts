import { Redis } from "ioredis";
import { createSessions, logout, type Sessions } from "micropie";
import { SESSION } from "micropie/backends/_redis/session-scripts";
import { RedisSessionBackend } from "micropie/backends/redis";
import type { Session } from "micropie/core/register";
import { createClient } from "redis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import { newPatch, newRecord } from "./_records.ts";
import { Keyspace } from "./_redis.ts";

async function request(
  sessions: Sessions<{ visits: number }>,
  cookie: string | undefined,
  handler: (session: Session<{ visits: number }>) => void = () => {},
): Promise<string | undefined> {
  const session = await sessions.load(cookie);
  handler(session);
  return (await sessions.commit(session))?.split(";")[0];
}

// A server of its own: others on it would be seen as well.
await onServer("redis", () => {
  let server: RedisServer;
  let redis: Redis;
  let keyspace: Keyspace;
  let backend: RedisSessionBackend;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.port);
    keyspace = new Keyspace([{ host: "127.0.0.1", port: server.port }]);
    backend = new RedisSessionBackend(redis);
  });
  beforeEach(async () => {
    await redis.flushdb();
    // What the server does not know costs one more command, once.
    for (const { text } of Object.values(SESSION)) await redis.script("LOAD", text);
  });
  afterAll(async () => {
    keyspace.close();
    redis.disconnect();
    await server.stop();
  });

  /** What reached the server while the work was done: the names of commands. */
  async function sent(work: () => Promise<unknown>): Promise<string[]> {
    const monitor = createClient({ url: server.url, RESP: 2 });
    monitor.on("error", () => {});
    await monitor.connect();
    const seen: string[] = [];
    const end = Promise.withResolvers<void>();
    await monitor.monitor((line) => {
      const [, source, name] = /^\S+ \[\d+ ([^\]]+)\] "(\w+)"/.exec(String(line)) ?? [];
      if (name === "echo") end.resolve();
      else if (source !== "lua") seen.push(name!);
    });
    await work();
    await redis.echo("the end");
    await end.promise;
    monitor.destroy();
    return seen;
  }

  test("no cookie: none; read or unchanged: one; changed: two; a new session: one", async () => {
    const sessions = createSessions<{ visits: number }>({ backend });
    const cookies: (string | undefined)[] = [];
    const visit = (session: Session<{ visits: number }>) => {
      session.visits = (session.visits ?? 0) + 1;
    };
    expect(await sent(() => request(sessions, undefined))).toEqual([]);
    expect(await sent(() => request(sessions, "session_id=wrong"))).toEqual([]);
    const create = async () => cookies.push(await request(sessions, undefined, visit));
    expect(await sent(create)).toEqual(["evalsha"]);
    const [cookie] = cookies;
    // The first read asks for the server's clock as well, and then one in each second.
    expect(await sent(() => request(sessions, cookie))).toEqual(["evalsha"]);
    expect(await sent(() => request(sessions, cookie, (session) => void { ...session }))).toEqual(["get"]);
    await keyspace.age("session:", 100);
    expect(await sent(() => request(sessions, cookie, visit))).toEqual(["get", "evalsha"]);
    expect(await sent(() => request(sessions, cookie, (session) => logout(session)))).toEqual([
      "get",
      "evalsha",
    ]);
  });

  test("of fifty patches from one version, none is sent more than twice", async () => {
    await backend.create("a", newRecord());
    await backend.patch("a", newPatch({}));
    let results: string[] = [];
    const patches = Array.from({ length: 50 }, (_, n) => newPatch({ [`key${n}`]: n }));
    const commands = await sent(async () => {
      results = await Promise.all(patches.map((patch) => backend.patch("a", patch)));
    });
    expect(new Set(results)).toEqual(new Set(["merged"]));
    expect(commands).toHaveLength(100);
    expect(Object.keys(JSON.parse((await backend.read("a"))?.data ?? ""))).toHaveLength(51);
    const unsure = newPatch({ y: 1 }, { baseVersion: -1 });
    expect(await sent(() => backend.patch("a", unsure))).toHaveLength(1);
  });
});
