import { createSessions } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet, Server } from "./_migration-fleet.ts";
import { forAll, Traffic, User } from "./_migration-users.ts";
import { onServer } from "./servers/on-server.ts";

const USERS = 1000;
const SERVERS = 3;
/** Milliseconds to a moment that comes when the test says so: longer than the test takes. */
const LEAD = 3_600_000;

await onServer("redis", async ({ url }) => {
  // A database of its own, so that all that is in it is the example's.
  const REDIS_URL = new URL("/9", url).href;
  const client = await createClient({ url: REDIS_URL }).connect();
  const native = createSessions({ backend: new RedisSessionBackend(client) });
  const started: Server[] = [];
  const fleet = new Fleet();
  const users = Array.from({ length: USERS }, (_, index) => new User(`user${index}`, fleet));
  const traffic = new Traffic(users, 24);

  beforeAll(() => client.flushDb());
  afterAll(async () => {
    for (const server of started) server.kill();
    await client.flushDb();
    client.destroy();
  });

  async function start(
    file: string,
    count: number,
    variables: Record<string, string> = {},
  ): Promise<Server[]> {
    const servers = await Promise.all(
      Array.from({ length: count }, () => Server.start(file, { REDIS_URL, ...variables })),
    );
    started.push(...servers);
    return servers;
  }

  /**
   * Starts servers that will do something at a moment, and puts them in the place of others. Then the moment comes, by one
   * server's clock after the other's, while all of them are used.
   */
  async function rollBefore(file: string, variable: string): Promise<void> {
    const at = new Date(Date.now() + LEAD).toISOString();
    const servers = await start(file, SERVERS, { [variable]: at });
    await fleet.roll(servers, () => traffic.more(50));
    for (const server of servers) {
      await server.putAhead(2 * LEAD);
      await traffic.more(50);
    }
  }

  /** The live sessions of express-session, by user. */
  async function oldSessions(): Promise<string[]> {
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: "sess:*", COUNT: 500 })) {
      const texts = keys.length === 0 ? [] : await client.mGet(keys);
      for (const text of texts) if (text !== null) found.push(JSON.parse(text).user ?? "nobody");
    }
    return found;
  }

  async function nativeSessions(): Promise<string[]> {
    const found: string[] = [];
    await forAll(users, async ({ name }) => {
      for (const { userId } of await native.list({ userId: name }).toArray()) found.push(userId!);
    });
    return found;
  }

  /** With nobody acting: everybody is who they were, once, and who has gone is gone. */
  async function check(where: "old" | "native"): Promise<void> {
    await traffic.stop();
    await forAll(users, (user) => user.look());
    const signedIn = users.filter((user) => user.signedIn).map(({ name }) => name);
    const old = (await oldSessions()).filter((name) => name !== "nobody");
    const all = [...old, ...(await nativeSessions())];
    expect(all.sort()).toEqual(signedIn.sort());
    expect(old).toHaveLength(where === "old" ? signedIn.length : 0);
    const ended = users.flatMap((user) => user.ended.slice(-3));
    expect(ended.length).toBeGreaterThan(0);
    await forAll(ended.slice(-200), async (cookie) => {
      const { body } = await fleet.pick().ask("GET", "/", cookie);
      expect(JSON.parse(body)).toEqual({ user: null, count: 0 });
    });
    traffic.start();
  }

  describe("1,000 users, three servers, and nobody is logged out", () => {
    test("express-session, as it was", async () => {
      fleet.servers = await start("1-express-session.ts", SERVERS);
      await forAll(users, (user) => user.login());
      await forAll(users, (user) => user.increment());
      traffic.start();
      await traffic.more(500);
      await check("old");
    });

    test("a rolling deploy of compat", async () => {
      await fleet.roll(await start("2-compat.ts", SERVERS), () => traffic.more(200));
      await check("old");
    });

    test("and back, and forth again", async () => {
      await fleet.roll(await start("1-express-session.ts", 2), () => traffic.more(100));
      await fleet.roll(await start("2-compat.ts", 2), () => traffic.more(100));
      await check("old");
    });

    test("the move, at a moment of one's choice, by clocks that differ", async () => {
      await rollBefore("3-move.ts", "MOVE_FROM");
      await traffic.more(500);
      await traffic.stop();
      await forAll(users, (user) => user.lookAtOnce());
      traffic.start();
      await traffic.more(500);
      await check("native");
    });

    test("the way home", async () => {
      await rollBefore("4-home.ts", "HOME_FROM");
      await traffic.more(500);
      await check("old");
      await fleet.roll(await start("1-express-session.ts", SERVERS), () => traffic.more(100));
      await check("old");
      await traffic.stop();
    });
  });
});
