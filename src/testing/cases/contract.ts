import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import {
  assertData,
  assertStands,
  newHandle,
  newHash,
  patchOf,
  readLive,
  recordOf,
  standing,
  store as storeRecord,
} from "./_records.ts";

/** What each verb of a back-end does to one record, one call after the other. */
export const contractCases: readonly Case[] = [
  {
    promise: "C3",
    name: "what was never stored is answered as missing by every verb, and comes into being by none",
    async run({ store }) {
      const handle = newHandle();
      const other = (await storeRecord(store, { a: 1 })).record;
      assert.equal(await store.read(handle), undefined);
      assert.equal(await store.patch(handle, patchOf(other, { b: 2 })), "ended");
      assert.equal(await store.touch(handle, 1000), false);
      assert.equal(await store.lock(handle, 10), "ended");
      assert.equal(await store.relock(handle, 1, 10), false);
      assert.equal(await store.delete(handle, 1), false);
      assert.deepEqual(await store.listByUser("nobody"), []);
      assert.deepEqual(await store.revokeUser("nobody"), []);
      assert.equal(await store.read(handle), undefined);
      assert.equal(await store.delete(handle), false);
      assert.equal(await store.read(handle), undefined);
    },
  },
  {
    promise: "B1",
    name: "a new record is read as it was given, with fresh bookkeeping and deadlines",
    async run({ store }) {
      const given = recordOf({ a: 1, b: ["two", null, { c: true }] }, { userId: "ann" });
      const handle = newHandle();
      assert.equal(await store.create(handle, given), true);
      await assertStands(store, handle, {
        data: { a: 1, b: ["two", null, { c: true }] },
        secretHash: given.secretHash,
        previousSecretHash: null,
        previousEpoch: 0,
        epoch: 0,
        version: 1,
        userId: "ann",
        head: given.head,
        left: 1000,
        absoluteLeft: 10_000,
        graceLeft: 0,
      });
    },
  },
  {
    promise: "B4",
    name: "a new record never lives longer than its absolute timeout",
    async run({ store }) {
      const { record } = await storeRecord(store, { a: 1 }, { idleTimeout: 900, absoluteTimeout: 500 });
      const left = Math.round(record.expiresAt - record.now);
      assert.equal(left, 500, "the seconds until the idle deadline after create");
    },
  },
  {
    promise: "B7",
    name: "a handle that is taken is not created again, and who has it notices nothing",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { mine: true }, { userId: "ann" });
      assert.equal(await store.create(handle, recordOf({ mine: false }, { userId: "bob" })), false);
      await assertStands(store, handle, standing(record));
      assert.deepEqual(await store.listByUser("bob"), []);
    },
  },
  {
    promise: "C1",
    name: "a patch made from the newest version stores its data, and answers ok",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1, b: 2 });
      assert.equal(await store.patch(handle, patchOf(record, { b: undefined, c: 3 })), "ok");
      const after = await readLive(store, handle);
      assert.deepEqual(JSON.parse(after.data), { a: 1, c: 3 }, "the data after patch");
      assert.equal(after.version, record.version + 1, "the version after patch");
    },
  },
  {
    promise: "C1",
    name: "a patch made from an older version changes only the keys it names, and answers merged",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1, b: 2, c: 3 });
      assert.equal(await store.patch(handle, patchOf(record, { a: 10, d: 4 })), "ok");
      assert.equal(await store.patch(handle, patchOf(record, { b: 20, c: undefined })), "merged");
      await assertData(store, handle, { a: 10, b: 20, d: 4 });
      assert.equal((await readLive(store, handle)).version, record.version + 2, "the version");
    },
  },
  {
    promise: "C1",
    name: "a patch whose maker knows no version at all is merged",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1, b: 2 });
      assert.equal(await store.patch(handle, patchOf(record, { b: 3 }, { baseVersion: -1 })), "merged");
      await assertData(store, handle, { a: 1, b: 3 });
    },
  },
  {
    promise: "C3",
    name: "each condition of a patch that fails is answered stale, and nothing of the patch is stored",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "eve" };
      const fence = await store.lock(handle, 10);
      assert.ok(typeof fence === "number", "lock should return a number, since nobody holds the lock");
      const failing = [
        { ifEpoch: record.epoch + 1 },
        { ifEpoch: record.epoch - 1 },
        { ifVersion: record.version + 1 },
        { ifVersion: record.version - 1 },
        { ifSecretHash: newHash() },
        { ifFence: fence + 1 },
        { ifFence: fence - 1 },
      ];
      for (const condition of failing) {
        const patch = patchOf(record, { a: 2, b: 3 }, { ...condition, rotation });
        assert.equal(await store.patch(handle, patch), "stale");
        await assertStands(store, handle, standing(record));
      }
      assert.deepEqual(await store.listByUser("eve"), []);
    },
  },
  {
    promise: "C3",
    name: "a patch whose conditions all hold is stored",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      const fence = await store.lock(handle, 10);
      assert.ok(typeof fence === "number", "lock should return a number, since nobody holds the lock");
      const patch = patchOf(
        record,
        { a: 2 },
        { ifVersion: record.version, ifSecretHash: record.secretHash, ifFence: fence },
      );
      assert.equal(await store.patch(handle, patch), "ok");
      await assertData(store, handle, { a: 2 });
    },
  },
  {
    promise: "C3",
    name: "what has ended is answered ended even if the patch is stale as well",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await store.delete(handle);
      const stale = patchOf(record, { a: 2 }, { ifEpoch: 7, ifVersion: 7, ifSecretHash: newHash() });
      assert.equal(await store.patch(handle, stale), "ended");
      assert.equal(await store.read(handle), undefined);
    },
  },
  {
    promise: "C4",
    name: "an ordinary patch leaves the secret, the rights, the user and the absolute deadline alone",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      await store.patch(handle, patchOf(record, { a: 2 }));
      const expected = { ...standing(record), data: { a: 2 }, version: record.version + 1 };
      await assertStands(store, handle, expected);
    },
  },
  {
    promise: "C4",
    name: "a rotation replaces the secret together with its data, and remembers the one before",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      const secretHash = newHash();
      const rotation = { secretHash, grace: 30, raiseEpoch: false };
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 }, { rotation })), "ok");
      const after = await assertStands(store, handle, {
        ...standing(record),
        data: { a: 2 },
        version: record.version + 1,
        secretHash,
        previousSecretHash: record.secretHash,
        previousEpoch: record.epoch,
        graceLeft: 30,
      });
      const again = { secretHash: newHash(), grace: 20, raiseEpoch: true };
      await store.patch(handle, patchOf(after, {}, { rotation: again }));
      const last = await readLive(store, handle);
      assert.equal(last.previousSecretHash, secretHash, "previousSecretHash after a patch with a rotation");
      assert.equal(last.previousEpoch, after.epoch, "previousEpoch after a patch with a rotation");
      assert.equal(last.epoch, after.epoch + 1, "the epoch after a patch that raises it");
      assert.equal(last.userId, "ann", "the user after a patch without one");
    },
  },
  {
    promise: "C5",
    name: "a sign-in ties the record to its user, raises the epoch and starts new deadlines",
    async run({ store, advance }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await advance(400);
      const signIn = { grace: 10, raiseEpoch: true, userId: "ann", absoluteTimeout: 600 };
      const rotation = { ...signIn, secretHash: newHash() };
      assert.equal(await store.patch(handle, patchOf(record, {}, { rotation, idleTimeout: 200 })), "ok");
      await assertStands(store, handle, {
        ...standing(record),
        version: record.version + 1,
        secretHash: rotation.secretHash,
        previousSecretHash: record.secretHash,
        epoch: 1,
        userId: "ann",
        left: 200,
        absoluteLeft: 600,
        graceLeft: 10,
      });
    },
  },
  {
    promise: "B5",
    name: "a deleted record is gone; only the call that ended a live one says so",
    async run({ store }) {
      const { handle } = await storeRecord(store, { a: 1 });
      assert.equal(await store.delete(handle), true);
      assert.equal(await store.read(handle), undefined);
      assert.equal(await store.delete(handle), false);
    },
  },
  {
    promise: "B5",
    name: "a record that is to be deleted only at one version stays if it has another",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 });
      await store.patch(handle, patchOf(record, { b: 2 }));
      assert.equal(await store.delete(handle, record.version), false);
      await assertData(store, handle, { a: 1, b: 2 });
      await store.touch(handle, 2000);
      assert.equal(await store.delete(handle, record.version + 1), true);
      assert.equal(await store.read(handle), undefined);
    },
  },
];
