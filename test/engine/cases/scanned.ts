import assert from "node:assert/strict";
import { login } from "micropie/core/verbs";
import { ConfigError } from "micropie/errors";
import { handleIn } from "micropie/testing/world";
import { type EngineCase, type EngineWorld, set } from "../world.ts";

/** Runs a case where the store can list its sessions; fails unless it says in a typed error that it cannot. */
function ifItLists(run: (world: EngineWorld) => Promise<void>): (world: EngineWorld) => Promise<void> {
  return async (world) => {
    try {
      await world.sessions().list().page();
    } catch (error) {
      assert.ok(error instanceof ConfigError && error.option === "backend", String(error));
      return;
    }
    await run(world);
  };
}

async function visitors(world: EngineWorld, count: number, realm?: string): Promise<string[]> {
  const handles: string[] = [];
  for (let n = 0; n < count; n++) {
    const visitor = await world.visitor({ visits: n }, world.sessions({ realm }));
    handles.push(handleIn(visitor));
  }
  return handles;
}

async function users(world: EngineWorld, ids: readonly string[], realm?: string): Promise<string[]> {
  const handles: string[] = [];
  for (const id of ids) {
    const visitor = await world.visitor({ name: id }, world.sessions({ realm }));
    await visitor.request((session) => login(session, id));
    handles.push(handleIn(visitor));
  }
  return handles;
}

/** What an operator sees of all sessions, and ends of them. */
export const scannedCases: readonly EngineCase[] = [
  {
    promise: "R4",
    name: "list without a selector tells of every session of the realm, and of none of another one",
    run: ifItLists(async (world) => {
      const shop = [...(await visitors(world, 6)), ...(await users(world, ["ann", "bob"]))];
      const other = [...(await visitors(world, 3, "other")), ...(await users(world, ["ann"], "other"))];
      const sessions = world.sessions();
      const listed = await sessions.list().toArray();
      assert.deepEqual(listed.map(({ handle }) => handle).sort(), shop.sort());
      const others = await world.sessions({ realm: "other" }).list({}).toArray();
      assert.deepEqual(others.map(({ handle }) => handle).sort(), other.sort());
      const ann = listed.find(({ userId }) => userId === "ann");
      assert.deepEqual({ ...ann?.data }, { name: "ann" });
      const told = JSON.stringify(listed);
      for (const { handle } of listed) {
        const record = await world.store.inner.read(handle);
        assert.ok(record !== undefined && !told.includes(record.secretHash));
      }
    }),
  },
  {
    promise: "R4",
    name: "list pages with a cursor, which is refused by name if it is none, as is a limit",
    run: ifItLists(async (world) => {
      const made = await visitors(world, 7);
      made.push(...(await users(world, ["ann", "ann", "ann"])));
      const sessions = world.sessions();
      const seen = new Set<string>();
      let cursor: string | undefined;
      for (let pages = 0; pages === 0 || cursor !== undefined; pages++) {
        const page = await sessions.list().page({ cursor, limit: 3 });
        assert.ok(page.sessions.length <= 3 && pages < 100);
        for (const { handle } of page.sessions) seen.add(handle);
        cursor = page.cursor;
      }
      assert.deepEqual([...seen].sort(), made.sort());
      const first = await sessions.list({ userId: "ann" }).page({ limit: 2 });
      const second = await sessions.list({ userId: "ann" }).page({ limit: 2, cursor: first.cursor });
      assert.deepEqual([first.sessions.length, second.sessions.length, second.cursor], [2, 1, undefined]);
      const [one] = first.sessions;
      assert.deepEqual((await sessions.list({ handle: one!.handle }).page()).sessions.length, 1);
      for (const [option, wrong] of [
        ["cursor", { cursor: "no cursor" }],
        ["cursor", { cursor: 7 }],
        ["limit", { limit: 0 }],
        ["limit", { limit: 1001 }],
        ["limit", { limit: 2.5 }],
        ["size", { size: 2 }],
      ] as const) {
        const isIt = (error: unknown) => error instanceof ConfigError && error.option === option;
        await assert.rejects(sessions.list().page(wrong as object), isIt, JSON.stringify(wrong));
      }
    }),
  },
  {
    promise: "R4",
    name: "list can be of those who are signed in, or of those that nobody has used for long",
    run: ifItLists(async (world) => {
      const old = await visitors(world, 2);
      await world.advance(7200);
      const fresh = await users(world, ["ann", "bob"]);
      const used = await world.visitor({ visits: 1 });
      await world.advance(600);
      await used.request(set({ visits: 2 }));
      const sessions = world.sessions();
      const handles = async (filter: object): Promise<string[]> =>
        (await sessions.list(filter).toArray()).map(({ handle }) => handle).sort();
      assert.deepEqual(await handles({ signedIn: true }), fresh.toSorted());
      assert.deepEqual(await handles({ signedIn: false }), [...old, handleIn(used)].sort());
      assert.deepEqual(await handles({ idleFor: "1h" }), old.toSorted());
      assert.deepEqual(await handles({ idleFor: "5m", signedIn: true }), fresh.toSorted());
      assert.deepEqual((await sessions.list({ idleFor: "1h" }).page()).sessions.length, 2);
    }),
  },
  {
    promise: "R4",
    name: "a user's id that somebody forgot is an error, and never all sessions",
    async run(world) {
      await users(world, ["ann"]);
      const sessions = world.sessions();
      for (const which of [{ userId: undefined }, { handle: undefined }, null, "ann", [], { signedIn: 1 }]) {
        const list = sessions.list(which as never);
        await assert.rejects(list.toArray(), Error, JSON.stringify(which));
        await assert.rejects(list.page(), Error, JSON.stringify(which));
      }
      for (const which of [{}, undefined, { signedIn: true }, { idleFor: 5 }])
        await assert.rejects(sessions.revoke(which as never), Error, JSON.stringify(which));
      assert.equal(await sessions.count({ userId: "ann" }), 1);
    },
  },
  {
    promise: "R4",
    name: "what list told about is ended at once, each with its event, and told to those who watch",
    async run(world) {
      const sessions = world.sessions();
      const [spared] = await users(world, ["ann"]);
      const anns = await users(world, ["ann", "ann", "ann"]);
      const ends: string[] = [];
      sessions.watch({ handle: anns[0]! }, ({ reason }) => ends.push(reason));
      const listed = await sessions.list({ userId: "ann" }).toArray();
      const chosen = listed.filter(({ handle }) => handle !== spared);
      const revoked = world.heard("revoked");
      assert.equal(await sessions.revoke(chosen), 3);
      assert.equal(await sessions.revoke(chosen), 0);
      assert.deepEqual(revoked.map(({ handle }) => handle).sort(), anns.sort());
      assert.deepEqual(
        new Set(revoked.map(({ userId, reason }) => `${userId} ${reason}`)),
        new Set(["ann revoked"]),
      );
      assert.deepEqual(ends, ["revoked"]);
      assert.equal(await sessions.count({ userId: "ann" }), 1);
      const made = [{ ...listed[0]! }, { handle: spared! }];
      for (const one of made) await assert.rejects(sessions.revoke([one as never]), TypeError);
      await assert.rejects(world.sessions({ realm: "other" }).revoke(listed), TypeError);
      assert.equal(await sessions.revoke([]), 0);
    },
  },
  {
    promise: "R4",
    name: "count without a selector tells how many sessions the store has, or that it cannot tell",
    async run(world) {
      await visitors(world, 2);
      await users(world, ["ann"]);
      const count = await world
        .sessions()
        .count()
        .catch((error: unknown) => {
          assert.ok(error instanceof ConfigError && error.option === "backend", String(error));
        });
      if (count === undefined) return;
      assert.equal(count.sessions, 3);
      assert.ok(count.signedIn === undefined || count.signedIn === 1);
      assert.equal(typeof count.exact, "boolean");
    },
  },
];
