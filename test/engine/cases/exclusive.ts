import assert from "node:assert/strict";
import { exclusive } from "micropie/core/exclusive";
import { unawaited } from "micropie/core/told";
import { update } from "micropie/core/update";
import { login, logout } from "micropie/core/verbs";
import { gate } from "micropie/testing";
import { assertGone, found, handleIn } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One at a time, for those who ask for it. */
export const exclusiveCases: readonly EngineCase[] = [
  {
    promise: "C7",
    name: "a part of a handler runs exclusively, on the newest data, and its result is returned",
    async run(world) {
      const ann = await world.visitor({ visits: 0 });
      const engines = [world.sessions(), world.sessions()];
      const parts = Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const session = await engines[n % 2]!.load(ann.cookie);
          const answer = await exclusive(session, async () => {
            const before = session.visits ?? 0;
            await pause();
            session.visits = before + 1;
            return before;
          });
          await engines[n % 2]!.commit(session);
          return answer;
        }),
      );
      const answers = await world.environment.run(parts);
      assert.deepEqual(
        answers.sort((a, b) => a - b),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      assert.deepEqual(await found(ann), { visits: 10 });
    },
  },
  {
    promise: "C7",
    name: "a request that waits too long for exclusive use is an error, and the holder goes on",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      for (const other of [undefined, world.sessions()]) {
        const on = world.sessions();
        const holder = await on.load(ann.cookie, { exclusive: true });
        const late = Promise.resolve((other ?? on).load(ann.cookie, { exclusive: { wait: 3 } }));
        const refused = assert.rejects(late, { code: "lock_timeout", status: 503 });
        const before = world.environment.now();
        await world.environment.run(refused);
        assert.equal(Math.round(world.environment.now() - before), 3);
        holder.visits = (holder.visits ?? 0) + 1;
        await on.commit(holder);
      }
      assert.deepEqual(await found(ann), { visits: 3 });
    },
  },
  {
    promise: "C7",
    name: "a holder whose client has left keeps others out while it answers within lock.ttl, and no longer",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const patient = { backendTimeout: 60 };
      for (const other of [undefined, world.sessions(patient)]) {
        const on = world.sessions(patient);
        const alone = { exclusive: { wait: 30 } };
        const holder = await on.load(ann.cookie, alone);
        world.environment.advance(25);
        unawaited(holder);
        await world.store.settled();
        const renewed = world.store.count("relock");
        const next = Promise.resolve((other ?? on).load(ann.cookie, alone));
        world.environment.advance(9);
        assert.equal(world.store.count("relock"), renewed);
        await world.advance(11);
        world.environment.advance(1);
        const session = await world.environment.run(next);
        holder.visits = 99;
        await assert.rejects(async () => on.commit(holder), { code: "lock_lost" });
        await (other ?? on).commit(session);
        const quick = await on.load(ann.cookie, alone);
        unawaited(quick);
        quick.visits = (quick.visits ?? 0) + 1;
        await on.commit(quick);
        const free = await (other ?? on).load(ann.cookie, { exclusive: { wait: 0 } });
        await (other ?? on).commit(free);
      }
      assert.deepEqual(await found(ann), { visits: 3 });
    },
  },
  {
    promise: "C7",
    name: "requests that do not ask for exclusive use, and other sessions, do not wait",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const bob = await world.visitor({ visits: 1 });
      const on = world.sessions();
      const holder = await on.load(ann.cookie, { exclusive: true });
      await ann.request(set({ name: "Ann" }));
      await bob.request(set({ name: "Bob" }), { exclusive: true });
      holder.visits = 2;
      await on.commit(holder);
      assert.deepEqual(await found(ann), { visits: 2, name: "Ann" });
      assert.deepEqual(await found(bob), { visits: 1, name: "Bob" });
    },
  },
  {
    promise: "C7",
    name: "a handler that throws releases the session, and its changes are dropped",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const failing = ann.request(
        (session) => {
          session.visits = 99;
          throw new RangeError("no");
        },
        { exclusive: true },
      );
      await assert.rejects(failing, RangeError);
      const session = await ann.begin();
      const also = exclusive(session, () => {
        session.visits = 98;
        throw new RangeError("no");
      });
      await assert.rejects(also, RangeError);
      await ann.end(session);
      assert.deepEqual(await ann.request((now) => ({ ...now }), { exclusive: true }), { visits: 1 });
    },
  },
  {
    promise: "C7",
    name: "the lock of a holder that died expires, and what that holder writes late is rejected",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const server = world.sessions({ lock: { ttl: 10 } });
      const dead = await server.load(ann.cookie, { exclusive: true });
      dead.visits = 99;
      dead.name = "ghost";
      await world.advance(11);
      const next = world.sessions();
      const session = await next.load(ann.cookie, { exclusive: true });
      await assert.rejects(async () => server.commit(dead), { code: "lock_lost" });
      session.color = "red";
      await next.commit(session);
      assert.deepEqual(await found(ann), { visits: 1, color: "red" });
      await server.discard(dead);
      await ann.request(set({ visits: 2 }), { exclusive: true });
      assert.deepEqual(await found(ann), { visits: 2, color: "red" });
    },
  },
  {
    promise: "C7",
    name: "a session that ends while a request waits for exclusive use has ended for that request too",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const { cookie } = ann;
      const holder = await ann.begin({ exclusive: true });
      const waiting = Promise.resolve(world.sessions().load(cookie, { exclusive: true }));
      const part = await ann.begin();
      const asked = exclusive(part, () => assert.fail("ran on a session that is over"));
      const refused = assert.rejects(asked, { code: "ended" });
      logout(holder);
      await ann.end(holder);
      assert.deepEqual({ ...(await world.environment.run(waiting)) }, {});
      await refused;
      await assertGone(world, cookie);
    },
  },
  {
    promise: "C9",
    name: "whoever writes in an exclusive part of a session that ends meanwhile is told",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const session = await ann.begin();
      const asked = exclusive(session, async () => {
        await world.sessions().revoke({ handle: handleIn(ann) });
        session.visits = 2;
      });
      await assert.rejects(asked, { code: "ended" });
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "C7",
    name: "a request with a guessed id takes no lock",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const guesser = world.browser();
      guesser.cookie = `${ann.cookie?.slice(0, -32)}${"A".repeat(32)}`;
      const guessed = await guesser.begin({ exclusive: true });
      assert.deepEqual({ ...guessed }, {});
      assert.equal(world.store.count("lock"), 0);
      await ann.request(set({ visits: 2 }), { exclusive: { wait: 0 } });
    },
  },
  {
    promise: "C7",
    name: "during exclusive use, an update by another request and one by the holder both count",
    async run({ visitor }) {
      const ann = await visitor({ visits: 0 });
      const holder = await ann.begin({ exclusive: true });
      const done = gate();
      const other = ann.request(async (session) => {
        await update(session, "visits", (n = 0) => n + 1);
        done.open();
      });
      await done.wait();
      await update(holder, "visits", (n = 0) => n + 1);
      await Promise.all([other, ann.end(holder)]);
      assert.deepEqual(await found(ann), { visits: 2 });
    },
  },
  {
    promise: "C6",
    name: "after a sign-in, a request with the id from before it sets no cookie, even if the session of its second cookie ends while it waits",
    async run(world) {
      const [ann, bob] = [await world.visitor({ visits: 1 }), await world.visitor({ visits: 1 })];
      const both = world.browser();
      both.cookie = `${ann.cookie}; ${bob.cookie}`;
      await ann.request((session) => login(session, "ann"));
      const held = world.store.hold("lock");
      const waiting = both.begin({ exclusive: true });
      await held.reached;
      await bob.request((session) => logout(session));
      held.open();
      const session = await waiting;
      assert.deepEqual({ ...session }, {});
      session.visits = 99;
      assert.equal(await both.end(session), undefined);
    },
  },
  {
    promise: "C7",
    name: "a holder that died cannot end the session by removing its last key",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const server = world.sessions({ lock: { ttl: 10 } });
      const dead = await server.load(ann.cookie, { exclusive: true });
      await world.advance(11);
      const next = world.sessions();
      const session = await next.load(ann.cookie, { exclusive: true });
      delete dead.visits;
      await assert.rejects(async () => server.commit(dead), { code: "lock_lost" });
      session.color = "red";
      await next.commit(session);
      assert.deepEqual(await found(ann), { visits: 1, color: "red" });
    },
  },
  {
    promise: "C7",
    name: "an update by a holder that died is rejected",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const server = world.sessions({ lock: { ttl: 10 } });
      const dead = await server.load(ann.cookie, { exclusive: true });
      await world.advance(11);
      const next = world.sessions();
      const session = await next.load(ann.cookie, { exclusive: true });
      await assert.rejects(
        update(dead, "visits", (n = 0) => n + 1),
        { code: "lock_lost" },
      );
      session.color = "red";
      await next.commit(session);
      await server.discard(dead);
      assert.deepEqual(await found(ann), { visits: 1, color: "red" });
    },
  },
];
