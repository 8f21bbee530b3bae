import { createSessions, type SessionData, type Sessions } from "micropie";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child, PATIENT } from "./child.ts";
import { limitKillRound, limitRound } from "./limiting.ts";
import { POLICIES } from "./policies.ts";
import { cookieOf, handleOf, killRound, tangleRound } from "./rounds.ts";
import { type OpenStore, openStore, type StoreSpec } from "./stores.ts";
import { watchRound } from "./watching.ts";

/**
 * What must hold when four processes use one store at once, whatever store it is. `title` says which;
 * `make` gives its address once it is there.
 */
export function processCases(title: string, make: () => Promise<StoreSpec> | StoreSpec): void {
  describe(title, () => {
    let spec: StoreSpec;
    let store: OpenStore;
    let children: Child[] = [];
    let sessions: Sessions;

    beforeAll(async () => {
      spec = await make();
      store = await openStore(spec);
      sessions = createSessions({ backend: store.backend, ...PATIENT });
      children = await Child.start(spec, 4);
    });
    afterAll(async () => {
      await Promise.all(children.map((child) => child.kill()));
      await sessions.close();
      await store.close();
    });

    /** The cookie of a new session with this data. */
    async function visit(data: SessionData): Promise<string> {
      const session = await sessions.load(undefined);
      Object.assign(session, data);
      return cookieOf(await sessions.commit(session));
    }

    const read = async (cookie: string): Promise<SessionData> => ({ ...(await sessions.load(cookie)) });

    test("200 concurrent increments count 200", async () => {
      const cookie = await visit({ visits: 0 });
      await Promise.all(children.map((child) => child.run("increment", cookie, 50)));
      expect(await read(cookie)).toEqual({ visits: 200 });
    });

    test("50 concurrent requests that write 50 keys keep all 50", async () => {
      const cookie = await visit({ visits: 0 });
      const parts = [0, 12, 24, 37, 50];
      await Promise.all(children.map((child, n) => child.run("keys", cookie, parts[n]!, parts[n + 1]!)));
      const data = await read(cookie);
      expect(Object.keys(data)).toHaveLength(51);
    });

    test("of concurrent rotations one wins, and the changes of the others are kept", async () => {
      for (let round = 0; round < 10; round++) {
        const cookie = await visit({ visits: 0 });
        await Promise.all(children.map((child) => child.run("open", cookie)));
        const lines = await Promise.all(children.map((child, n) => child.run("rotate", "", n)));
        const given = lines.filter((line) => line !== undefined);
        expect(given).toHaveLength(1);
        const data = { visits: 0, key0: 1, key1: 1, key2: 1, key3: 1 };
        expect(await read(cookieOf(given[0] as string))).toEqual(data);
        expect(await read(cookie)).toEqual(data);
      }
    });

    test("a revocation of all ends every sign-in stored before it, and none that began after it", async () => {
      const [revoker, ...others] = children;
      const signingIn = others.map((child) => child.run("signIn", "", 40));
      const revoked = (await revoker!.run("revokeAll")) as { began: number; ended: number };
      const done = (await Promise.all(signingIn)).flat() as { line: string; began: number; ended: number }[];
      const listed = new Set((await sessions.list({ userId: "ann" }).toArray()).map(({ handle }) => handle));
      for (const { line, began, ended } of done) {
        const alive = listed.has(handleOf(cookieOf(line)));
        if (ended < revoked.began) expect(alive).toBe(false);
        if (began > revoked.ended) expect(alive).toBe(true);
      }
      expect(done.length).toBe(120);
      await sessions.revoke({ userId: "ann" });
      for (const { line } of done)
        expect(await sessions.backend.read(handleOf(cookieOf(line)))).toBeUndefined();
    });

    test("exclusive requests run one at a time", async () => {
      const cookie = await visit({ visits: 0 });
      await Promise.all(children.map((child) => child.run("exclusive", cookie, 8)));
      expect(await read(cookie)).toEqual({ visits: 32 });
    });

    test("the lock of a holder that is killed expires", async () => {
      const cookie = await visit({ visits: 5 });
      const [doomed] = await Child.start(spec, 1, { lock: { ttl: 1 } });
      expect(await doomed!.run("hold", cookie)).toBe(5);
      await doomed!.kill();
      await children[0]!.run("exclusive", cookie, 1);
      expect(await read(cookie)).toEqual({ visits: 6 });
    });

    test("a holder that is stopped until its lock has expired cannot write any more", async () => {
      const cookie = await visit({ visits: 5 });
      const [sleeper] = await Child.start(spec, 1, { lock: { ttl: 1 } });
      await sleeper!.run("hold", cookie);
      sleeper!.signal("SIGSTOP");
      try {
        await children[0]!.run("exclusive", cookie, 1);
      } finally {
        sleeper!.signal("SIGCONT");
      }
      await expect(sleeper!.run("commit")).rejects.toThrow("lock_lost");
      expect(await read(cookie)).toEqual({ visits: 6 });
      await sleeper!.kill();
    });

    test("of 1,000 sessions that end while they are used, none comes back", async () => {
      for (let round = 0; round < 20; round++) await tangleRound(sessions, children, 50);
    });

    test("what ends in one process ends for those that watch in all four, and nothing else does", async () => {
      const late = await watchRound(sessions, children, 40);
      expect(late).toHaveLength(160);
      // A second, on a machine that does nothing else.
      expect(late.at(-1)).toBeLessThan(10_000);
    });

    for (const [policy, name] of POLICIES.entries()) {
      test(`of 50 sign-ins at once of one user exactly three live, with ${name}: 5 rounds`, async () => {
        for (let round = 0; round < 5; round++) await limitRound(sessions, children, policy);
      });

      test(`processes killed while a user signs in leave no more than three after the next, with ${name}`, async () => {
        await limitKillRound(spec, sessions, children[0]!, policy);
      });
    }

    // `npm run soak` goes on with them for minutes.
    const ROUNDS = 2;
    test(`processes killed at random points leave every session whole, old or new: ${ROUNDS} rounds of four`, async () => {
      let written = 0;
      for (let round = 0; round < ROUNDS; round++) written += await killRound(spec, sessions);
      expect(written).toBeGreaterThanOrEqual(ROUNDS * 9);
    });
  });
}
