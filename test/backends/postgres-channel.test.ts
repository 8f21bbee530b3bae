import { createSessions, info, login, type Sessions } from "micropie";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { Listening } from "../_listening.ts";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { newCase, newTable, OPENERS } from "./_postgres.ts";

async function signedIn(sessions: Sessions, userId: string): Promise<string> {
  const session = await sessions.load();
  login(session, userId);
  await sessions.commit(session);
  return info(session).handle!;
}

await onServer("postgres", ({ url }) => {
  describe.each(Object.entries(OPENERS))("on %s", (name, open) => {
    // Its own connections are known by this: other test files listen on the same server.
    const application = newTable();
    const named = new URL(url);
    named.searchParams.set("application_name", application);
    const opened = [open(named.href), open(named.href)] as const;
    const LISTENS = `application_name = '${application}' AND query ILIKE 'listen %'`;
    afterAll(async () => {
      for (const each of opened) await each.end();
    });

    /** Two processes on one table, each with a client of its own. */
    async function pair() {
      const table = newTable();
      const [one, another] = opened.map((each) => newCase(each, { table }));
      const store = new Listening(one!.backend);
      const here = createSessions({ backend: store });
      const there = createSessions({ backend: another!.backend });
      onTestFinished(async () => {
        await here.close();
        await there.close();
        await one!.drop();
      });
      await one!.backend.ready();
      return { table, store, here, there };
    }

    /** How many connections listen. */
    async function listening(): Promise<number> {
      return (await opened[1].query(`SELECT 1 FROM pg_stat_activity WHERE ${LISTENS}`)).length;
    }

    test("what ends elsewhere is told, and ends a watch", async () => {
      const { store, here, there } = await pair();
      const [ann, bob] = [await signedIn(here, "ann"), await signedIn(here, "bob")];
      const ends: string[] = [];
      for (const handle of [ann, bob])
        here.watch({ handle }, ({ reason }) => ends.push(`${handle} ${reason}`));
      await store.isTold();
      store.fail(["standings"]);
      await there.revoke({ handle: ann });
      await there.revoke({ userId: "bob" });
      await until(() => expect(ends.sort()).toEqual([`${ann} revoked`, `${bob} revoked`].sort()));
    });

    test("nothing is missed that ends while the connection is cut, and it is opened again", async () => {
      const { store, here, there } = await pair();
      const [dies, lives] = [await signedIn(here, "ann"), await signedIn(here, "bob")];
      const ends: string[] = [];
      for (const handle of [dies, lives])
        here.watch({ handle }, ({ reason }) => ends.push(`${handle} ${reason}`));
      await store.isTold();
      expect(await listening()).toBeGreaterThan(0);
      await opened[1].query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${LISTENS}`);
      await there.revoke({ handle: dies });
      await until(() => expect(ends).toEqual([`${dies} revoked`]));
      await store.isTold(2);
      store.fail(["standings"]);
      await there.revoke({ handle: lives });
      await until(() => expect(ends).toEqual([`${dies} revoked`, `${lives} revoked`]));
    });

    test.runIf(name === "pg")(
      "the connection is closed with the sessions, and is none of the pool's",
      async () => {
        const { here, store } = await pair();
        here.watch({ handle: await signedIn(here, "ann") }, () => {});
        await store.isTold();
        expect(await listening()).toBeGreaterThan(0);
        await here.close();
        await until(async () => expect(await listening()).toBe(0));
      },
    );
  });
});

await onServer("pgbouncer", ({ url }) => {
  describe("through a pooler that gives each transaction another connection", () => {
    test.each([{ prepare: false }, { listen: true, prepare: false }])(
      "watchers ask, with %o",
      async (options) => {
        const opened = OPENERS.pg(url);
        const { backend, drop } = newCase(opened, options);
        const sessions = createSessions({ backend });
        onTestFinished(async () => {
          await sessions.close();
          await drop();
          await opened.end();
        });
        const handle = await signedIn(sessions, "ann");
        const ends: string[] = [];
        sessions.watch({ handle }, ({ reason }) => ends.push(reason));
        await backend.delete(handle);
        await until(() => expect(ends).toEqual(["revoked"]));
      },
    );
  });
});
