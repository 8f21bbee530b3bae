import { createSessions, info, login, type Sessions } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Listening } from "../_listening.ts";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { type RedisServer, startRedis } from "../servers/redis.ts";
import { CLIENTS, Keyspace, type Node, newPrefix, nodeOf, type Opened } from "./_redis.ts";

/** Two processes on one store, as far as the store can tell: each with a client of its own. */
function pair([one, another]: readonly [Opened, Opened]): {
  here: Sessions;
  store: Listening;
  there: Sessions;
} {
  const prefix = newPrefix();
  const store = new Listening(new RedisSessionBackend(one.client, { prefix }));
  const here = createSessions({ backend: store });
  const there = createSessions({ backend: new RedisSessionBackend(another.client, { prefix }) });
  onTestFinished(async () => {
    await here.close();
    await there.close();
  });
  return { here, store, there };
}

async function signedIn(sessions: Sessions, userId: string): Promise<string> {
  const session = await sessions.load();
  login(session, userId);
  await sessions.commit(session);
  return info(session).handle!;
}

function channelOn(name: keyof typeof CLIENTS, nodes: readonly Node[], told: "told" | "asked"): void {
  describe(`on ${name}`, () => {
    let opened: [Opened, Opened];
    beforeAll(async () => {
      opened = [await CLIENTS[name](nodes), await CLIENTS[name](nodes)];
    });
    afterAll(async () => {
      for (const each of opened) await each.close();
    });

    test(`what ends elsewhere is ${told}, and ends a watch`, async () => {
      const { here, store, there } = pair(opened);
      const handles = await Promise.all(["ann", "bob", "cy"].map((user) => signedIn(here, user)));
      const ends: string[] = [];
      for (const handle of handles) here.watch({ handle }, ({ reason }) => ends.push(`${handle} ${reason}`));
      if (told === "told") {
        await store.isTold();
        store.fail(["standings"]);
      }
      await there.revoke({ handle: handles[0]! });
      await there.revoke({ userId: "bob" });
      await until(() => expect(ends).toHaveLength(2));
      expect(ends.sort()).toEqual([`${handles[0]} revoked`, `${handles[1]} revoked`].sort());
    });
  });
}

await onServer("redis", ({ url }) => {
  const single = Object.keys(CLIENTS).filter((name) => !name.includes("cluster")) as (keyof typeof CLIENTS)[];
  for (const name of single)
    channelOn(name, [nodeOf(url)], name === "a client with customCommand" ? "asked" : "told");

  describe("when the channel breaks", () => {
    // A server of its own: others listen on the shared one, and would be cut off or counted here.
    let server: RedisServer;
    let opened: [Opened, Opened];
    let keyspace: Keyspace;
    beforeAll(async () => {
      server = await startRedis();
      const nodes = [{ host: "127.0.0.1", port: server.port }];
      opened = [await CLIENTS["node-redis"](nodes), await CLIENTS.ioredis(nodes)];
      keyspace = new Keyspace(nodes);
    });
    afterAll(async () => {
      keyspace.close();
      for (const each of opened) await each.close();
      await server.stop();
    });

    test.each([0, 1])("nothing is missed that ends meanwhile (client %i)", async (first) => {
      const { here, store, there } = pair(first === 0 ? opened : [opened[1], opened[0]]);
      const [dies, lives] = [await signedIn(here, "ann"), await signedIn(here, "bob")];
      const ends: string[] = [];
      for (const handle of [dies, lives])
        here.watch({ handle }, ({ reason }) => ends.push(`${handle} ${reason}`));
      await store.isTold();
      const killed = keyspace.nodes[0]!.call("CLIENT", "KILL", "TYPE", "pubsub");
      await there.revoke({ handle: dies });
      expect(Number(await killed)).toBeGreaterThan(0);
      await until(() => expect(ends.length).toBeGreaterThan(0));
      expect(ends).toEqual([`${dies} revoked`]);
      await store.isTold(2);
      store.fail(["standings"]);
      await there.revoke({ handle: lives });
      await until(() => expect(ends.length).toBeGreaterThan(1));
      expect(ends).toEqual([`${dies} revoked`, `${lives} revoked`]);
    });

    test("a user who may neither subscribe nor publish is signed out all the same, and watchers ask", async () => {
      const user = newPrefix().replaceAll(/\W/g, "");
      await keyspace.nodes[0]!.call("ACL", "SETUSER", user, "on", "nopass", "~*", "+@all", "resetchannels");
      onTestFinished(async () => void (await keyspace.nodes[0]!.call("ACL", "DELUSER", user)));
      const { createClient } = await import("redis");
      const client = createClient({ url: `redis://${user}:x@127.0.0.1:${server.port}` });
      client.on("error", () => {});
      await client.connect();
      onTestFinished(() => client.destroy());
      const restricted: Opened = { client, close: () => {} };
      const { here, there } = pair([restricted, restricted]);
      const handle = await signedIn(here, "ann");
      const ends: string[] = [];
      here.watch({ handle }, ({ reason }) => ends.push(reason));
      expect(await there.revoke({ handle })).toBe(1);
      await until(() => expect(ends.length).toBeGreaterThan(0));
      expect(ends).toEqual(["revoked"]);
    });

    test("the channel is closed with the sessions", async () => {
      const { here } = pair(opened);
      const listening = async (): Promise<number> =>
        String(await keyspace.nodes[0]!.call("CLIENT", "LIST", "TYPE", "pubsub")).match(/^id=/gm)?.length ??
        0;
      await until(async () => expect(await listening()).toBe(0));
      here.watch({ handle: await signedIn(here, "ann") }, () => {});
      await until(async () => expect(await listening()).toBe(1));
      await here.close();
      await until(async () => expect(await listening()).toBe(0));
    });
  });
});

await onServer("redis-cluster", ({ nodes }) => {
  for (const name of ["node-redis cluster", "ioredis cluster", "iovalkey cluster"] as const)
    channelOn(name, nodes, "told");
});
