import assert from "node:assert/strict";
import { info } from "micropie/core/info";
import { login, rotate, setLifetime } from "micropie/core/verbs";
import { assertGone, found, handleIn, type World } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** How long sessions live. The store's clock decides. */
export const expiryCases: readonly EngineCase[] = [
  {
    promise: "B4",
    name: "a session ends eight hours after its last request, on the second",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      await world.advance(28_799);
      assert.deepEqual(await found(ann), { visits: 1 });
      await world.advance(1);
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "B4",
    name: "each request keeps a session alive, even one that only reads, but not beyond thirty days",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      for (let hour = 0; hour < 30 * 24 - 6; hour += 6) {
        assert.deepEqual(await ann.request((session) => ({ ...session })), { visits: 1 }, `hour ${hour}`);
        await world.advance(6 * 3600);
      }
      await ann.request(() => {});
      await world.advance(6 * 3600 - 60);
      assert.deepEqual(await ann.request((session) => ({ ...session })), { visits: 1 });
      await world.advance(60);
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "B4",
    name: "reading moves the deadline at most once per touchThrottle, and never rewrites the data",
    async run(world) {
      const ann = await world.visitor({ visits: 1 }, world.sessions({ touchThrottle: 60 }));
      world.store.forget();
      for (let second = 0; second < 170; second++) {
        await ann.request((session) => session.visits);
        await world.advance(1);
      }
      assert.equal(world.store.count("touch"), 2);
      assert.equal(world.store.writes, 2);
    },
  },
  {
    promise: "B4",
    name: "a write moves the deadline without a separate touch",
    async run(world) {
      const ann = await world.visitor({ visits: 1 }, world.sessions({ timeouts: { idle: 1000 } }));
      for (let n = 2; n < 8; n++) {
        await world.advance(900);
        await ann.request(set({ visits: n }));
      }
      assert.deepEqual(await found(ann), { visits: 7 });
      assert.equal(world.store.count("touch"), 0);
    },
  },
  {
    promise: "B4",
    name: "a sign-in can give its session shorter timeouts",
    async run(world) {
      const ann = world.browser();
      await ann.request((session) => login(session, "ann", { timeouts: { idle: 60, absolute: 100 } }));
      await world.advance(50);
      assert.equal(await ann.request((session) => info(session).userId), "ann");
      await world.advance(49);
      assert.equal(await ann.request((session) => info(session).userId), "ann");
      await world.advance(1);
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "B4",
    name: "a sign-in restarts the absolute deadline; a rotation does not",
    async run(world) {
      const on = world.sessions({ timeouts: { idle: 1000, absolute: 1000 } });
      const ann = await world.visitor({ visits: 1 }, on);
      await world.advance(900);
      await ann.request((session) => rotate(session));
      assert.equal(await secondsLeft(world, ann), 100);
      await ann.request((session) => login(session, "ann"));
      assert.equal(await secondsLeft(world, ann), 1000);
    },
  },
  {
    promise: "B4",
    name: "a rotation to another lifetime moves neither the absolute deadline nor the time of the sign-in",
    async run(world) {
      const on = world.sessions({ timeouts: "aal3" });
      const ann = world.browser(on);
      await ann.request((session) => login(session, "ann"));
      const before = await ann.request((session) => info(session));
      for (const change of [{ idleTimeout: 600 }, { idleTimeout: 300 }]) {
        await world.advance(280);
        await ann.request((session) => {
          setLifetime(session, change);
          if (change.idleTimeout === 300) rotate(session, "elevated");
        });
        const { absoluteExpiresAt, signedInAt, createdAt, expiresAt } = await ann.request((session) =>
          info(session),
        );
        const record = await world.store.inner.read(handleIn(ann));
        assert.deepEqual(
          { absoluteExpiresAt, signedInAt, createdAt },
          {
            absoluteExpiresAt: before.absoluteExpiresAt,
            signedInAt: before.signedInAt,
            createdAt: before.createdAt,
          },
        );
        assert.equal(Math.round((expiresAt ?? 0) - (record?.now ?? 0)), change.idleTimeout);
      }
    },
  },
  {
    promise: "B4",
    name: "a rotation of a stored session that asks for another absolute timeout is refused; with a sign-in it is not",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const session = await ann.begin();
      assert.throws(() => setLifetime(session, { absoluteTimeout: 60 }), { option: "absoluteTimeout" });
      assert.throws(() => setLifetime(session, { idleTimeout: 31 * 86_400 }), { option: "timeouts.idle" });
      login(session, "ann");
      setLifetime(session, { idleTimeout: 50, absoluteTimeout: 60 });
      await ann.end(session);
      assert.equal(await secondsLeft(world, ann), 60);
    },
  },
  {
    promise: "B4",
    name: "info and a user's list tell when a session was created, and when its user signed in",
    async run(world) {
      const on = world.sessions();
      const ann = await world.visitor({ visits: 1 }, on);
      const { createdAt = 0, signedInAt } = await ann.request((session) => info(session));
      assert.equal(signedInAt, undefined);
      for (const seconds of [100, 200]) {
        await world.advance(100);
        await ann.request((session) => login(session, "ann"));
        await ann.request((session) => setLifetime(session, { idleTimeout: 5000 }));
        const [listed] = await on.list({ userId: "ann" }).toArray();
        for (const told of [await ann.request((session) => info(session)), listed]) {
          assert.equal(told?.createdAt, createdAt);
          assert.equal(Math.round((told?.signedInAt ?? 0) - createdAt), seconds);
        }
      }
    },
  },
  {
    promise: "B4",
    name: "a session ends on the server even if its persistent cookie lasts longer",
    async run(world) {
      const on = world.sessions({ timeouts: { idle: 100 }, cookie: { persistent: true } });
      const ann = await world.visitor({ visits: 1 }, on);
      assert.match(ann.received[0] ?? "", /; Max-Age=2592000;/);
      await world.advance(100);
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "C3",
    name: "a session that expires while its request runs is not saved, and gets no cookie",
    async run(world) {
      const heard = world.heard("discarded");
      const ann = await world.visitor({ visits: 1 }, world.sessions({ timeouts: { idle: 100 } }));
      const handle = handleIn(ann);
      const slow = await ann.begin();
      await world.advance(100);
      slow.visits = 2;
      rotate(slow);
      assert.equal(await ann.end(slow), undefined);
      assert.deepEqual(heard, [{ handle, userId: null, reason: "ended" }]);
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "C3",
    name: "pruning while a request runs deletes expired sessions and no others",
    async run(world) {
      const on = world.sessions({ timeouts: { idle: 100 } });
      const [ann, bob] = [await world.visitor({ visits: 1 }, on), await world.visitor({ visits: 1 }, on)];
      await world.advance(99);
      const slow = await ann.begin();
      slow.visits = 2;
      const gate = world.store.hold("patch");
      const saving = ann.end(slow);
      await gate.reached;
      await on.prune();
      gate.open();
      await saving;
      await world.advance(1);
      await on.prune();
      assert.deepEqual(await found(ann), { visits: 2 });
      await assertGone(world, bob.cookie);
    },
  },
];

async function secondsLeft(world: World, visitor: { cookie: string | undefined }): Promise<number> {
  const record = await world.store.inner.read(handleIn(visitor));
  return record === undefined ? 0 : Math.round(record.absoluteExpiresAt - record.now);
}
