import assert from "node:assert/strict";
import { exclusive } from "micropie/core/exclusive";
import { info } from "micropie/core/info";
import { replaceData } from "micropie/core/session";
import { update } from "micropie/core/update";
import { login, logout, save } from "micropie/core/verbs";
import { gate } from "micropie/testing";
import { assertGone, found } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** Long enough for whatever does not wait. */
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What one request does with its session while its own commit waits for the store, or its own exclusive part runs. */
export const underWayCases: readonly EngineCase[] = [
  {
    promise: "C3",
    name: "a logout during the request's own save is not lost",
    async run(world) {
      const sessions = world.sessions();
      const ann = await world.visitor({ visits: 1 }, sessions);
      await ann.request((session) => login(session, "ann"));
      const session = await ann.begin();
      session.visits = 2;
      const held = world.store.hold("patch");
      const first = ann.end(session);
      await held.reached;
      logout(session);
      held.open();
      await first;
      await ann.end(session);
      await assertGone(world, ann.cookie);
      assert.deepEqual(await sessions.list({ userId: "ann" }).toArray(), []);
    },
  },
  {
    promise: "C5",
    name: "a sign-in during the request's own commit is done by the next commit",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const session = await ann.begin();
      session.visits = 2;
      const held = world.store.hold("patch");
      const first = save(session);
      await held.reached;
      login(session, "ann");
      held.open();
      await first;
      assert.ok(await ann.end(session));
      assert.equal(info(await ann.begin()).userId, "ann");
    },
  },
  {
    promise: "C5",
    name: "a request that empties the session does not end a sign-in that overlaps it",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const emptying = await ann.begin();
      await ann.request(set({ name: "Ann" }));
      const held = world.store.hold("read", "after");
      replaceData(emptying, {});
      const end = ann.end(emptying);
      await held.reached;
      await ann.request((session) => login(session, "ann"));
      held.open();
      assert.equal(await end, undefined);
      assert.equal(info(await ann.begin()).userId, "ann");
    },
  },
  {
    promise: "B1",
    name: "two concurrent commits of a new session store one record with all changes",
    async run(world) {
      const ann = world.browser();
      const session = await ann.begin();
      session.visits = 1;
      const held = world.store.hold("create");
      const first = ann.end(session);
      await held.reached;
      session.name = "Ann";
      const second = save(session);
      held.open();
      await Promise.all([first, second]);
      assert.equal(world.store.count("create"), 1);
      assert.deepEqual(await found(ann), { visits: 1, name: "Ann" });
    },
  },
  {
    promise: "C2",
    name: "an update during the request's own save is not written again at the end of a stream",
    async run(world) {
      const ann = await world.visitor({ visits: 0 });
      const session = await ann.begin();
      session.name = "Ann";
      const held = world.store.hold("patch", "after");
      const first = ann.end(session);
      await held.reached;
      const updated = update(session, "visits", (n = 0) => n + 1);
      await pause();
      held.open();
      await Promise.all([first, updated]);
      await ann.request((other) => update(other, "visits", (n = 0) => n + 1));
      await ann.end(session);
      assert.deepEqual(await found(ann), { visits: 2, name: "Ann" });
    },
  },
  {
    promise: "C2",
    name: "an update that overtakes the request's own save is not written again at the end of a stream",
    async run(world) {
      const ann = await world.visitor({ visits: 0 });
      const session = await ann.begin();
      const later = world.store.hold("patch");
      session.name = "Ann";
      const first = ann.end(session);
      await later.reached;
      const updated = update(session, "visits", (n = 0) => n + 1);
      await pause();
      later.open();
      await Promise.all([first, updated]);
      await ann.request((other) => update(other, "visits", (n = 0) => n + 1));
      await ann.end(session);
      assert.deepEqual(await found(ann), { visits: 2, name: "Ann" });
    },
  },
  {
    promise: "C2",
    name: "concurrent updates all count, also in a session that is not stored yet",
    async run(world) {
      const ann = world.browser();
      await ann.request((session) =>
        Promise.all(Array.from({ length: 5 }, () => update(session, "visits", async (n = 0) => n + 1))),
      );
      assert.deepEqual(await found(ann), { visits: 5 });
    },
  },
  {
    promise: "C7",
    name: "a commit inside of an exclusive part does not release the session",
    async run(world) {
      const sessions = world.sessions();
      const ann = await world.visitor({ visits: 0 }, sessions);
      const [session, other] = [await ann.begin(), await ann.begin()];
      const begun = gate();
      const part = exclusive(session, async () => {
        await ann.end(session);
        begun.open();
        const late = Promise.resolve(sessions.load(ann.cookie, { exclusive: { wait: 1 } }));
        await world.environment.run(assert.rejects(late, { code: "lock_timeout" }));
        session.visits = (session.visits ?? 0) + 1;
      });
      await begun.wait();
      const next = exclusive(other, () => {
        other.visits = (other.visits ?? 0) + 1;
      });
      await Promise.all([part, next]);
      assert.deepEqual(await found(ann), { visits: 2 });
    },
  },
  {
    promise: "O4",
    name: "a request that has failed saves nothing of an exclusive part that still runs",
    async run(world) {
      const sessions = world.sessions();
      const ann = await world.visitor({ visits: 1 }, sessions);
      const session = await ann.begin();
      const [begun, failed] = [gate(), gate()];
      const part = exclusive(session, async () => {
        begun.open();
        await failed.wait();
        session.visits = 99;
      });
      await begun.wait();
      sessions.discard(session);
      failed.open();
      await assert.rejects(part, { code: "not_live" });
      assert.deepEqual(await found(ann), { visits: 1 });
      await ann.request(set({ visits: 2 }), { exclusive: { wait: 1 } });
    },
  },
  {
    promise: "C6",
    name: "a session that ends while an exclusive part waits for it sets no cookie, even if one was due",
    async run(world) {
      const sessions = world.sessions();
      const ann = await world.visitor({ visits: 1 }, sessions);
      const session = await ann.begin();
      login(session, "ann");
      const held = world.store.hold("lock");
      const part = exclusive(session, () => assert.fail("ran on a session that is over"));
      const refused = assert.rejects(part, { code: "ended" });
      await held.reached;
      await sessions.revoke({ userId: "ann" });
      held.open();
      await refused;
      assert.equal(await ann.end(session), undefined);
    },
  },
];
