import assert from "node:assert/strict";
import type { SessionBackend, SessionRecord } from "../../backends/backend.ts";
import type { Case } from "../world.ts";
import { assertData, newHash, patchOf, read, readLive, store as storeRecord } from "./_records.ts";

/** Compares the seconds that a record has left. */
function assertLeft({ expiresAt, now }: SessionRecord, expected: number): void {
  assert.equal(
    Math.round(expiresAt - now),
    expected,
    "the seconds until the idle deadline that read returns",
  );
}

/** Returns the number of a lock that nobody holds, which is higher than `before`. */
async function locked(backend: SessionBackend, handle: string, before = 0): Promise<number> {
  const fence = await backend.lock(handle, 10);
  assert.ok(typeof fence === "number", "lock should return a number, since nobody holds the lock");
  assert.ok(fence > before, "lock should return a higher number than the time before");
  return fence;
}

async function assertLoaded(backend: SessionBackend, id: string, expected: object): Promise<void> {
  assert.deepEqual({ ...(await backend.load(id)) }, expected, "the dictionary that load returns");
}

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
      assertLeft(after, 1000);
      assert.equal(after.version, record.version, "the version after touch");
      assert.equal(after.data, record.data, "the data after touch");
      const absolute = Math.round(after.absoluteExpiresAt - after.now);
      assert.equal(absolute, 9400, "the seconds until the absolute deadline after touch");
    },
  },
  {
    promise: "B4",
    name: "a touch never shortens a session, even if it brings a shorter timeout",
    async run({ store }) {
      const { handle } = await storeRecord(store, { a: 1 });
      assert.equal(await store.touch(handle, 10), true);
      assertLeft(await readLive(store, handle), 1000);
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
      const after = await readLive(store, handle);
      assert.equal(after.expiresAt, before.expiresAt, "the idle deadline after patch");
      assert.equal(after.absoluteExpiresAt, before.absoluteExpiresAt, "the absolute deadline after patch");
    },
  },
  {
    promise: "B4",
    name: "neither a touch nor a patch passes the absolute deadline",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { absoluteTimeout: 1500 });
      await advance(900);
      await store.touch(handle, 1000);
      assertLeft(await readLive(store, handle), 600);
      await store.patch(handle, patchOf(record, { a: 2 }, { idleTimeout: 5000 }));
      assertLeft(await readLive(store, handle), 600);
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
        assert.equal(after.secretHash, rotation.secretHash, "the hash after a patch with a rotation");
        assert.equal(after.absoluteExpiresAt, before.absoluteExpiresAt, "the absolute deadline after patch");
        assert.equal(after.userId, "ann", "the user after a patch without one");
      };
      await rotate(200);
      assertLeft(await readLive(store, handle), 200);
      await advance(100);
      await rotate(5000);
      const after = await readLive(store, handle);
      assert.equal(after.expiresAt, after.absoluteExpiresAt, "the idle deadline after a long idle timeout");
    },
  },
  {
    promise: "B4",
    name: "a patch is a touch as well, and does not shorten either",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await advance(500);
      await store.patch(handle, patchOf(record, { a: 2 }));
      assertLeft(await readLive(store, handle), 1000);
      await store.patch(handle, patchOf(record, { a: 3 }, { idleTimeout: 5 }));
      assertLeft(await readLive(store, handle), 1000);
    },
  },
  {
    promise: "C3",
    name: "what has expired is over at that very second, and nothing revives it",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      await advance(1000);
      const late = await store.read(handle);
      assert.ok(
        late === undefined || late.now >= late.expiresAt,
        "read should not return as live what has expired",
      );
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
      assert.ok(pruned <= 2, `prune should return how many it deleted, at most 2, and returned ${pruned}`);
      const why = `prune should call onExpired for each that it deletes: for ${pruned}, and did for ${told.length}`;
      assert.ok(pruned <= told.length, why);
      const due = [short.handle, alsoShort.handle].sort();
      if (told.length > 0) assert.deepEqual(told.sort(), due, "the handles that prune tells onExpired");
      await assertData(store, kept.handle, { a: 3 });
      await assertData(store, touched.handle, { a: 4 });
      assert.equal(await store.read(short.handle), undefined);
      assert.equal(await store.prune(), 0);
    },
  },
  {
    promise: "C7",
    name: "a lock has one holder; freed, the next one gets a higher number",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      const first = await locked(store, handle);
      assert.equal(await store.lock(handle, 10), "busy");
      assert.equal(await store.relock(handle, first + 1, 0), false);
      assert.equal(await store.lock(handle, 10), "busy");
      assert.equal(await store.relock(handle, first, 0), true);
      const second = await locked(store, handle, first);
      assert.equal(await store.relock(handle, first, 0), false);
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 }, { ifFence: first })), "stale");
      assert.equal(await store.patch(handle, patchOf(record, { a: 3 }, { ifFence: second })), "ok");
      await assertData(store, handle, { a: 3 });
    },
  },
  {
    promise: "C7",
    name: "a dead holder's lock is free when the clock was set back by an hour; set back a little, it is still held",
    async run({ store, advance }) {
      const { handle } = await storeRecord(store, { a: 1 });
      const dead = await locked(store, handle);
      await advance(-5);
      assert.equal(await store.lock(handle, 10), "busy");
      await advance(-3600);
      await locked(store, handle, dead);
      assert.equal(await store.relock(handle, dead, 10), false);
    },
  },
  {
    promise: "C7",
    name: "a lock that is not renewed ends by itself; its holder can then neither renew it nor write",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      const dead = await locked(store, handle);
      await advance(9);
      assert.equal(await store.relock(handle, dead, 10), true);
      await advance(9);
      assert.equal(await store.lock(handle, 10), "busy");
      await advance(1);
      await locked(store, handle, dead);
      assert.equal(await store.relock(handle, dead, 10), false);
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 }, { ifFence: dead })), "stale");
      assert.equal(await store.patch(handle, patchOf(record, { b: 2 })), "ok");
    },
  },
  {
    promise: "B6",
    name: "load and save keep a dictionary for its timeout, and an empty one deletes",
    async run({ store, advance }) {
      await assertLoaded(store, "plain", {});
      await store.save("plain", { a: 1, b: { c: [2] } }, 100);
      await assertLoaded(store, "plain", { a: 1, b: { c: [2] } });
      await store.save("plain", { d: 4 }, 100);
      await assertLoaded(store, "plain", { d: 4 });
      await store.save("other", { e: 5 }, 500);
      await advance(101);
      await assertLoaded(store, "plain", {});
      await store.save("other", {}, 500);
      await assertLoaded(store, "other", {});
      await store.save("other", { e: 5 }, 500);
      await store.save("other", { e: 6 }, 0);
      await assertLoaded(store, "other", {});
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
      assert.deepEqual({ ...first }, { list: [1, 2], deep: { a: 1 } }, "the dictionary that load returns");
      first.list.push(4);
      await assertLoaded(store, "copy", { list: [1, 2], deep: { a: 1 } });
    },
  },
];
