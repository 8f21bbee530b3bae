import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import {
  assertListed,
  assertStands,
  atEveryDistance,
  newHandle,
  newHash,
  patchOf,
  recordOf,
  standing,
  store as storeRecord,
} from "./_records.ts";
import { adopt, fromElsewhere, ifItMoves, whole } from "./_whole.ts";
import { listenTo } from "./ends.ts";

/** How a store gives a whole record to another one. */
export const moveCases: readonly Case[] = [
  {
    promise: "R4",
    name: "what is moved out is returned whole, again and again, and no request finds it any more",
    run: ifItMoves(async ({ store }) => {
      assert.equal(await store.moveOut(newHandle()), undefined);
      const record = fromElsewhere();
      const handle = await adopt(store, record);
      for (let times = 0; times < 3; times++) {
        const moved = await store.moveOut(handle);
        assert.ok(moved, "moveOut should return the record, since nothing has ended it");
        assert.deepEqual(whole(moved), whole(record), "the record that moveOut returns");
      }
      assert.equal(await store.read(handle), undefined);
      const seen = { ...record, expiresAt: 0 };
      assert.equal(await store.patch(handle, patchOf(seen, { a: 2 })), "ended");
      assert.equal(await store.patch(handle, patchOf({ ...seen, version: 3 }, { a: 2 })), "ended");
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "eve" };
      assert.equal(await store.patch(handle, patchOf(seen, {}, { rotation })), "ended");
      assert.equal(await store.touch(handle, 5000), false);
      assert.equal(await store.lock(handle, 10), "ended");
      assert.equal(await store.relock(handle, record.fence, 0), false);
      assert.equal(await store.create(handle, recordOf({ a: 3 })), false);
      assert.equal(await store.adopt(handle, fromElsewhere()), false);
      const [left] = await store.standings([handle]);
      assert.deepEqual({ ...left, left: 0 }, { handle, epoch: record.epoch, left: 0 }, "its standing");
      await assertListed(store, "ann", [handle]);
      assert.deepEqual(
        whole((await store.moveOut(handle)) ?? record),
        whole(record),
        "the record at the end",
      );
    }),
  },
  {
    promise: "R4",
    name: "what is moved out ends as every other session: by its deadline, by a revocation, or when it is deleted",
    run: ifItMoves(async ({ store, advance }) => {
      const [one, two, three, four] = await Promise.all(
        ["ann", "bob", "bob", null].map((userId) => adopt(store, fromElsewhere({ userId, epoch: 0 }))),
      );
      for (const handle of [one!, two!, three!, four!]) await store.moveOut(handle);
      assert.deepEqual(await store.revokeUser("ann"), [one]);
      assert.equal(await store.delete(two!, undefined, "moved"), true);
      assert.deepEqual(await store.deleteMany([three!]), [three]);
      assert.equal((await store.moveOut(four!)) === undefined, false, "whether the last one is there");
      await advance(600);
      for (const handle of [one!, two!, three!, four!]) assert.equal(await store.moveOut(handle), undefined);
      assert.equal(await store.create(four!, recordOf({ a: 1 })), true);
    }),
  },
  {
    promise: "C3",
    name: "what is left of a session that has moved is deleted, and not one that is there: by its mark, or by its version",
    run: ifItMoves(async ({ store }) => {
      const record = fromElsewhere();
      const handle = await adopt(store, record);
      assert.equal(await store.delete(newHandle(), undefined, "moved"), false);
      assert.equal(await store.delete(handle, undefined, "moved"), false, "whether a session has a mark");
      assert.equal((await store.read(handle))?.version, record.version);
      assert.equal(await store.delete(handle, record.version + 1, "moved"), false);
      assert.ok(await store.moveOut(handle), "moveOut should return the record, since nothing has ended it");
      assert.equal(await store.delete(handle, undefined, "moved"), true);
      assert.equal(await store.delete(handle, undefined, "moved"), false);
      const there = await adopt(store, fromElsewhere());
      assert.equal(await store.delete(there, record.version, "moved"), true);
      assert.equal(await store.read(there), undefined);
    }),
  },
  {
    promise: "R4",
    name: "a session can go out and come back to the store that it came from",
    run: ifItMoves(async ({ store }) => {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      for (let times = 0; times < 3; times++) {
        const moved = await store.moveOut(handle);
        assert.ok(moved, "moveOut should return the record, since nothing has ended it");
        assert.equal(await store.delete(handle, undefined, "moved"), true);
        assert.equal(await store.adopt(handle, moved), true);
        await assertStands(store, handle, standing(record));
        await assertListed(store, "ann", [handle]);
      }
    }),
  },
  {
    promise: "U2",
    name: "a move is no end, so whoever listens is not told of it; an end of what is moved out is told",
    run: ifItMoves(async (world) => {
      const backend = world.store.inner;
      const another = await world.another();
      const heard = await listenTo(another);
      if (heard === undefined) return;
      const [moved, revoked] = [await storeRecord(backend, { a: 1 }), await storeRecord(backend, { a: 1 })];
      for (const { handle } of [moved, revoked]) await backend.moveOut(handle);
      assert.equal(await backend.delete(moved.handle, undefined, "moved"), true);
      assert.equal(await backend.delete(revoked.handle, undefined, "revoked"), true);
      await heard.caughtUp(another === backend ? revoked.handle : undefined);
      await heard.close();
      const told = heard.notices.filter(({ reason }) => reason !== "revoked");
      assert.deepEqual(told, [], "what listen tells of a move");
      const handles = heard.notices.map(({ handle }) => handle);
      assert.ok(!handles.includes(moved.handle), "listen should not tell of a session that was moved");
    }),
  },
  {
    promise: "C2",
    name: "a change at the same time as a move is in what is moved, or is answered ended",
    run: ifItMoves(async ({ store }) => {
      await atEveryDistance(async (later) => {
        const { handle, record } = await storeRecord(store, { a: 1 });
        const [answer, moved] = await Promise.all([
          store.patch(handle, patchOf(record, { b: 2 })),
          later().then(() => store.moveOut(handle)),
        ]);
        assert.ok(moved, "moveOut should return the record, since nothing has ended it");
        const isIn = "b" in (JSON.parse(moved.data) as object);
        const why = `a patch that was answered "${answer}" should ${answer === "ended" ? "not " : ""}be in what is moved`;
        assert.equal(isIn, answer !== "ended", why);
      });
    }),
  },
];
