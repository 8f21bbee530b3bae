import { createSessions, info, login, logout, type Sessions } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { open } from "../sockets/_client.ts";
import { type Data, SERVERS } from "../sockets/_servers.ts";

await onServer("redis", ({ url }) => {
  /** Sessions as another process has them: an engine and a client of their own. */
  const another = async (): Promise<{ sessions: Sessions<Data>; close(): Promise<void> }> => {
    const client = await createClient({ url }).connect();
    const backend = new RedisSessionBackend(client, { prefix: "sockets:" });
    const sessions = createSessions<Data>({ backend });
    return {
      sessions,
      async close() {
        await sessions.close();
        client.destroy();
      },
    };
  };

  describe.each(SERVERS)(
    "$name: sockets of another engine, with a client of its own",
    ({ client: kind, serve }) => {
      let here: Awaited<ReturnType<typeof another>>;
      let elsewhere: Awaited<ReturnType<typeof another>>;
      beforeAll(async () => {
        [here, elsewhere] = await Promise.all([another(), another()]);
      });
      afterAll(() => Promise.all([here.close(), elsewhere.close()]));

      test("close within a second of the acknowledgment of a logout, and get nothing after that", async () => {
        const running = await serve(here.sessions, { inside: async () => {} });
        onTestFinished(() => void running.close());
        const begun = await elsewhere.sessions.load();
        login(begun, "ann");
        const cookie = (await elsewhere.sessions.commit(begun))!.split(";", 1)[0]!;
        const sockets = await Promise.all(
          Array.from({ length: 20 }, () => open(kind, running.port, { cookie })),
        );
        for (const socket of sockets) {
          socket.send("user");
          expect(await socket.next()).toBe("ann");
        }
        const session = await elsewhere.sessions.load(cookie);
        expect(info(session).userId).toBe("ann");
        logout(session);
        await elsewhere.sessions.commit(session);
        const acknowledged = performance.now();
        const closed = await Promise.all(sockets.map((socket) => socket.closed));
        expect(performance.now() - acknowledged).toBeLessThan(1000);
        expect(new Set(closed)).toEqual(
          new Set([kind === "ws" ? "4401 logged_out" : "io server disconnect"]),
        );
        expect(sockets.flatMap((socket) => socket.received)).toEqual([]);
      });
    },
  );
});
