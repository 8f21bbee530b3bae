import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import { newHash, patchOf, read, readData, readLive, store as storeRecord } from "./_records.ts";

const left = (record: { expiresAt: number; now: number }): number =>
  Math.round(record.expiresAt - record.now);

/** Deadlines, locks, and the two methods of MicroPie. */
export const contractTimesCases: readonly Case[] = [
  {
    promise: "B4",
    name: "a touch moves the idle deadline and nothing else",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await advance(600);
      assert.equal(await store.touch(handle, 1000), true);
      const after = await readLive(store, handle);
      assert.equal(left(after), 1000);
      assert.equal(after.version, record.version);
      assert.equal(after.data, record.data);
      assert.equal(Math.round(after.absoluteExpiresAt - after.now), 9400);
    },
  },
  {
    promise: "B4",
    name: "a touch never shortens a session, even if it brings a shorter timeout",
    async run({ store }) {
      const { handle } = await storeRecord(store, { a: 1 });
      assert.equal(await store.touch(handle, 10), true);
      assert.equal(left(await readLive(store, handle)), 1000);
    },
  },
  {
    promise: "B4",
    name: "a patch with no idle timeout moves no deadline",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await advance(100);
      const before = await readLive(store, handle);
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 }, { idleTimeout: 0 })), "ok");
      const { expiresAt, absoluteExpiresAt } = await readLive(store, handle);
      assert.deepEqual([expiresAt, absoluteExpiresAt], [before.expiresAt, before.absoluteExpiresAt]);
    },
  },
  {
    promise: "B4",
    name: "neither a touch nor a patch passes the absolute deadline",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { absoluteTimeout: 1500 });
      await advance(900);
      await store.touch(handle, 1000);
      assert.equal(left(await readLive(store, handle)), 600);
      await store.patch(handle, patchOf(record, { a: 2 }, { idleTimeout: 5000 }));
      assert.equal(left(await readLive(store, handle)), 600);
      await advance(600);
      assert.equal(await read(store, handle), undefined);
    },
  },
  {
    promise: "B4",
    name: "a rotation may start the idle deadline anew, also a shorter one, and leaves the absolute one where it is",
    async run({ store, advance }) {
      const { handle } = await storeRecord(store, { a: 1 }, { absoluteTimeout: 1500, userId: "ann" });
      const rotate = async (idleTimeout: number): Promise<void> => {
        const before = await readLive(store, handle);
        const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: false, restartIdle: true };
        const more = { ifSecretHash: before.secretHash, rotation, idleTimeout };
        assert.equal(await store.patch(handle, patchOf(before, { a: 2 }, more)), "ok");
        const after = await readLive(store, handle);
        assert.equal(after.secretHash, rotation.secretHash);
        assert.equal(after.absoluteExpiresAt, before.absoluteExpiresAt);
        assert.equal(after.userId, "ann");
      };
      await rotate(200);
      assert.equal(left(await readLive(store, handle)), 200);
      await advance(100);
      await rotate(5000);
      const after = await readLive(store, handle);
      assert.equal(after.expiresAt, after.absoluteExpiresAt);
    },
  },
  {
    promise: "B4",
    name: "a patch is a touch as well, and does not shorten either",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await advance(500);
      await store.patch(handle, patchOf(record, { a: 2 }));
      assert.equal(left(await readLive(store, handle)), 1000);
      await store.patch(handle, patchOf(record, { a: 3 }, { idleTimeout: 5 }));
      assert.equal(left(await readLive(store, handle)), 1000);
    },
  },
  {
    promise: "C3",
    name: "what has expired is over at that very second, and nothing revives it",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      await advance(1000);
      const late = await store.read(handle);
      assert.ok(late === undefined || late.now >= late.expiresAt, "read must not answer it as live");
      assert.equal(await store.touch(handle, 1000), false);
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 })), "ended");
      assert.equal(await store.patch(handle, patchOf(record, {}, { ifEpoch: 9 })), "ended");
      assert.equal(await store.lock(handle, 10), "ended");
      assert.deepEqual(await store.listByUser("ann"), []);
      assert.deepEqual(await store.revokeUser("ann"), []);
      assert.equal(await read(store, handle), undefined);
      assert.equal(await store.delete(handle), false);
    },
  },
  {
    promise: "R2",
    name: "pruning deletes what has expired, says how many and which, and spares what lives",
    async run({ store, advance }) {
      const told: string[] = [];
      store.onExpired = (handle) => told.push(handle);
      const short = await storeRecord(store, { a: 1 }, { idleTimeout: 100 });
      const alsoShort = await storeRecord(store, { a: 2 }, { idleTimeout: 150 });
      const kept = await storeRecord(store, { a: 3 }, { idleTimeout: 400 });
      const touched = await storeRecord(store, { a: 4 }, { idleTimeout: 200 });
      await advance(150);
      await store.touch(touched.handle, 200);
      await advance(100);
      const pruned = await store.prune();
      // Some stores delete what has expired by themselves, and some of those cannot tell.
      assert.ok(pruned <= 2 && pruned <= told.length, `pruned ${pruned}, told ${told.length}`);
      if (told.length > 0) assert.deepEqual(told.sort(), [short.handle, alsoShort.handle].sort());
      assert.deepEqual(await readData(store, kept.handle), { a: 3 });
      assert.deepEqual(await readData(store, touched.handle), { a: 4 });
      assert.equal(await store.read(short.handle), undefined);
      assert.equal(await store.prune(), 0);
    },
  },
  {
    promise: "C7",
    name: "a lock has one holder; freed, the next one gets a higher number",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      const first = await store.lock(handle, 10);
      assert.ok(typeof first === "number");
      assert.equal(await store.lock(handle, 10), "busy");
      assert.equal(await store.relock(handle, first + 1, 0), false);
      assert.equal(await store.lock(handle, 10), "busy");
      assert.equal(await store.relock(handle, first, 0), true);
      const second = await store.lock(handle, 10);
      assert.ok(typeof second === "number" && second > first);
      assert.equal(await store.relock(handle, first, 0), false);
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 }, { ifFence: first })), "stale");
      assert.equal(await store.patch(handle, patchOf(record, { a: 3 }, { ifFence: second })), "ok");
      assert.deepEqual(await readData(store, handle), { a: 3 });
    },
  },
  {
    promise: "C7",
    name: "a dead holder's lock is free when the clock was set back by an hour; set back a little, it is still held",
    async run({ store, advance }) {
      const { handle } = await storeRecord(store, { a: 1 });
      const dead = await store.lock(handle, 10);
      assert.ok(typeof dead === "number");
      await advance(-5);
      assert.equal(await store.lock(handle, 10), "busy");
      await advance(-3600);
      const next = await store.lock(handle, 10);
      assert.ok(typeof next === "number" && next > dead, "the lock of the future is free");
      assert.equal(await store.relock(handle, dead, 10), false);
    },
  },
  {
    promise: "C7",
    name: "a lock that is not renewed ends by itself; its holder can then neither renew it nor write",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      const dead = await store.lock(handle, 10);
      assert.ok(typeof dead === "number");
      await advance(9);
      assert.equal(await store.relock(handle, dead, 10), true);
      await advance(9);
      assert.equal(await store.lock(handle, 10), "busy");
      await advance(1);
      const next = await store.lock(handle, 10);
      assert.ok(typeof next === "number" && next > dead);
      assert.equal(await store.relock(handle, dead, 10), false);
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 }, { ifFence: dead })), "stale");
      assert.equal(await store.patch(handle, patchOf(record, { b: 2 })), "ok", "others are not locked out");
    },
  },
  {
    promise: "B6",
    name: "load and save keep a dictionary for its timeout, and an empty one deletes",
    async run({ store, advance }) {
      assert.deepEqual({ ...(await store.load("plain")) }, {});
      await store.save("plain", { a: 1, b: { c: [2] } }, 100);
      assert.deepEqual({ ...(await store.load("plain")) }, { a: 1, b: { c: [2] } });
      await store.save("plain", { d: 4 }, 100);
      assert.deepEqual({ ...(await store.load("plain")) }, { d: 4 });
      await store.save("other", { e: 5 }, 500);
      await advance(101);
      assert.deepEqual({ ...(await store.load("plain")) }, {});
      await store.save("other", {}, 500);
      assert.deepEqual({ ...(await store.load("other")) }, {});
      await store.save("other", { e: 5 }, 500);
      await store.save("other", { e: 6 }, 0);
      assert.deepEqual({ ...(await store.load("other")) }, {});
    },
  },
  {
    promise: "B6",
    name: "what was saved and what was loaded are copies: changing them changes nothing that is stored",
    async run({ store }) {
      const given = { list: [1, 2], deep: { a: 1 } };
      await store.save("copy", given, 100);
      given.list.push(3);
      given.deep.a = 2;
      const first = (await store.load("copy")) as typeof given;
      assert.deepEqual({ ...first }, { list: [1, 2], deep: { a: 1 } });
      first.list.push(4);
      assert.deepEqual({ ...(await store.load("copy")) }, { list: [1, 2], deep: { a: 1 } });
    },
  },
];
