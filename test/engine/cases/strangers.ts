import assert from "node:assert/strict";
import { exclusive } from "micropie/core/exclusive";
import { info } from "micropie/core/info";
import type { AnySession, Session } from "micropie/core/register";
import { update } from "micropie/core/update";
import { login, logout, rotate } from "micropie/core/verbs";
import type { Data } from "micropie/testing/world";
import { found, handleIn, tokenIn, type World } from "micropie/testing/world";
import type { EngineCase } from "../world.ts";

/** Runs `during` while the store answers each read of the one session with the record of the other. */
async function crossed(
  { store }: World,
  one: string,
  other: string,
  during: () => Promise<unknown>,
): Promise<void> {
  const { read } = store;
  store.read = (handle) => read.call(store, handle === one ? other : handle);
  try {
    await during();
  } finally {
    store.read = read;
  }
}

/** What sessions know of others on the same store. */
export const strangerCases: readonly EngineCase[] = [
  {
    promise: "S10",
    name: "a token of one realm opens nothing in another, whatever it went through",
    async run(world) {
      const shop = world.sessions();
      const admin = world.sessions({ cookie: { name: "admin_id" }, timeouts: "aal3" });
      const unknown = world.heard("unknown");
      const ann = await world.visitor({ visits: 1 }, shop);
      const steps = [() => {}, rotate, (session: AnySession) => login(session, "ann"), rotate];
      for (const [n, step] of steps.entries()) {
        await ann.request((session) => step(session));
        const intruder = world.browser(admin);
        intruder.cookie = `admin_id=${tokenIn(ann)}`;
        assert.deepEqual(await found(intruder), {});
        assert.equal(await intruder.request((session) => info(session).userId), undefined);
        assert.equal(unknown.length, 2 * n + 2);
        assert.deepEqual(await found(ann), { visits: 1 });
      }
    },
  },
  {
    promise: "S10",
    name: "a user of one realm is a stranger in another: neither listed nor revoked there, and the id stays plain",
    async run(world) {
      const shop = world.sessions();
      const admin = world.sessions({ realm: "admin", timeouts: { idle: 1000 } });
      const revoked = world.heard("revoked");
      const destroyed = world.heard("logged_out");
      // Whoever is called as somebody is stored elsewhere is nobody else.
      const [ann, odd, boss] = [world.browser(shop), world.browser(shop), world.browser(admin)];
      await ann.request((session) => login(session, "ann"));
      await odd.request((session) => login(session, "ann session_id"));
      await boss.request((session) => login(session, "ann"));
      for (const [on, visitor] of [
        [shop, ann],
        [admin, boss],
      ] as const) {
        const listed = await on.list({ userId: "ann" }).toArray();
        assert.deepEqual(
          listed.map(({ handle, userId }) => [handle, userId]),
          [[handleIn(visitor), "ann"]],
        );
        assert.equal(await visitor.request((session) => info(session).userId), "ann");
      }
      assert.equal(await admin.revoke({ userId: "ann" }), 1);
      assert.equal(await boss.request((session) => info(session).userId), undefined);
      assert.equal(await ann.request((session) => info(session).userId), "ann");
      assert.equal(await odd.request((session) => info(session).userId), "ann session_id");
      await ann.request((session) => logout(session));
      assert.deepEqual(
        [...revoked, ...destroyed].map(({ userId }) => userId),
        ["ann", "ann"],
      );
      assert.equal((await shop.list({ userId: "ann session_id" }).toArray()).length, 1);
    },
  },
  {
    promise: "S10",
    name: "engines of one realm share their sessions, also under another cookie",
    async run(world) {
      const old = world.sessions();
      const next = world.sessions({ cookie: { name: "id" }, realm: "session_id" });
      const ann = world.browser(old);
      await ann.request((session) => {
        session.visits = 1;
        login(session, "ann");
      });
      const same = world.browser(next);
      same.cookie = `id=${tokenIn(ann)}`;
      assert.deepEqual(await found(same), { visits: 1 });
      assert.equal((await next.list({ userId: "ann" }).toArray()).length, 1);
      assert.equal(await next.revoke({ userId: "ann" }), 1);
      assert.deepEqual(await found(ann), {});
    },
  },
  {
    promise: "S10",
    name: "what a store answers for another session is used by nothing: neither update, exclusive nor a list",
    async run(world) {
      const on = world.sessions();
      const [ann, bob] = [await world.visitor({ visits: 1 }, on), await world.visitor({ visits: 100 }, on)];
      await ann.request((session) => login(session, "ann"));
      await bob.request((session) => login(session, "bob"));
      const uses = [
        (session: Session<Data>, seen: unknown[]) => update(session, "visits", (n) => seen.push(n)),
        (session: Session<Data>, seen: unknown[]) => exclusive(session, () => seen.push({ ...session })),
      ];
      for (const use of uses) {
        const session = await ann.begin();
        const seen: unknown[] = [];
        await crossed(world, handleIn(ann), handleIn(bob), async () => {
          await assert.rejects(use(session, seen), { code: "ended" });
        });
        assert.deepEqual(seen, []);
        on.discard(session);
        assert.deepEqual([await found(ann), await found(bob)], [{ visits: 1 }, { visits: 100 }]);
      }
      const { listByUser } = world.store;
      const bobs = await world.store.listByUser("bob session_id");
      assert.equal(bobs.length, 1);
      world.store.listByUser = async (user) => [...(await listByUser.call(world.store, user)), ...bobs];
      assert.deepEqual(
        (await on.list({ userId: "ann" }).toArray()).map(({ handle }) => handle),
        [handleIn(ann)],
      );
    },
  },
  {
    promise: "C5",
    name: "a request that began before a rotation with the same rights still updates, and not after a change of rights",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const [early, earlier] = [await ann.begin(), await ann.begin()];
      await ann.request((session) => rotate(session));
      await world.advance(100);
      assert.equal(await update(early, "visits", (n = 0) => n + 1), 2);
      await ann.request((session) => rotate(session, "elevated"));
      await assert.rejects(
        update(earlier, "visits", (n = 0) => n + 1),
        { code: "ended" },
      );
      assert.deepEqual(await found(ann), { visits: 2 });
    },
  },
];
