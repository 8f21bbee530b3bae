import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import {
  assertListed,
  assertStands,
  newHandle,
  newHash,
  patchOf,
  read,
  readLive,
  standing,
  store as storeRecord,
} from "./_records.ts";
import { adopt, fromElsewhere, ifItMoves } from "./_whole.ts";

/** How a store takes a whole record of another one. */
export const adoptionCases: readonly Case[] = [
  {
    promise: "R4",
    name: "an adopted record has all that it had: secrets, grace, rights, version, deadlines, user, lock and head",
    run: ifItMoves(async ({ store, advance }) => {
      const record = fromElsewhere();
      const handle = await adopt(store, record);
      const { fence, lockedUntil, ...seen } = record;
      await assertStands(store, handle, standing(seen));
      await assertListed(store, "ann", [handle]);
      assert.equal(await store.lock(handle, 10), "busy");
      assert.equal(await store.relock(handle, fence, 0), true);
      assert.equal(await store.lock(handle, 10), fence + 1);
      const patch = patchOf(await readLive(store, handle), { a: 2 }, { ifFence: fence + 1 });
      assert.equal(await store.patch(handle, patch), "ok");
      await advance(8);
      assert.deepEqual(await store.revokeUser("ann"), [handle]);
    }),
  },
  {
    promise: "B4",
    name: "an adopted record lives as long as it would have where it was, by the clock of its new store",
    run: ifItMoves(async ({ store, advance }) => {
      const plain = {
        userId: null,
        previousSecretHash: null,
        previousEpoch: 0,
        previousUntil: 0,
        lockedUntil: 0,
      };
      const handle = await adopt(store, fromElsewhere({ ...plain, fence: 0 }));
      await advance(470);
      assert.notEqual(await read(store, handle), undefined, "the record before its deadline");
      assert.equal(await store.touch(handle, 1_000_000), true);
      const { now, expiresAt } = await readLive(store, handle);
      assert.equal(
        Math.round((expiresAt - now) / 100),
        85,
        "the hundreds of seconds until its absolute deadline",
      );
      const short = await adopt(store, fromElsewhere(plain));
      await advance(530);
      assert.equal(await read(store, short), undefined, "the record after its deadline");
    }),
  },
  {
    promise: "B7",
    name: "a record is adopted only if its handle is free and it has not expired",
    run: ifItMoves(async ({ store, advance }) => {
      const { handle, record } = await storeRecord(store, { mine: true }, { userId: "bob" });
      assert.equal(await store.adopt(handle, fromElsewhere()), false);
      await assertStands(store, handle, standing(record));
      await assertListed(store, "ann", []);
      const now = 5_000_000;
      for (const over of [{ expiresAt: now }, { expiresAt: now - 50 }, { absoluteExpiresAt: now }]) {
        const free = newHandle();
        assert.equal(await store.adopt(free, fromElsewhere(over)), false);
        assert.equal(await store.read(free), undefined);
      }
      const short = await storeRecord(store, { a: 1 }, { idleTimeout: 50 });
      await advance(100);
      assert.equal(await store.adopt(short.handle, fromElsewhere()), true);
    }),
  },
  {
    promise: "R4",
    name: "of several that adopt under one handle at once, one does",
    run: ifItMoves(async ({ store }) => {
      for (const userId of ["ann", null]) {
        const handle = newHandle();
        const records = Array.from({ length: 8 }, () => fromElsewhere({ userId }));
        const answers = await Promise.all(records.map((record) => store.adopt(handle, record)));
        assert.equal(answers.filter(Boolean).length, 1, "how many were adopted");
        const { secretHash } = await readLive(store, handle);
        assert.equal(secretHash, records[answers.indexOf(true)]!.secretHash, "the hash that is stored");
      }
    }),
  },
  {
    promise: "C3",
    name: "a record that is adopted in the place of another is refused as soon as that has ended or changed hands",
    run: ifItMoves(async ({ store, advance }) => {
      for (const userId of ["ann", null]) {
        const record = fromElsewhere({ userId });
        const place = newHash();
        const reserve = (): ReturnType<typeof storeRecord> =>
          storeRecord(store, {}, { secretHash: place, idleTimeout: 60 });
        const kept = await reserve();
        assert.equal(await store.adopt(kept.handle, record, newHash()), false);
        assert.equal(await store.adopt(kept.handle, record, place), true);
        const { fence, lockedUntil, ...seen } = record;
        await assertStands(store, kept.handle, standing(seen));
        const ended = await reserve();
        await store.delete(ended.handle);
        assert.equal(await store.adopt(ended.handle, record, place), false);
        const late = await reserve();
        await advance(100);
        assert.equal(await store.adopt(late.handle, record, place), false);
        assert.equal(await store.adopt(newHandle(), record, place), false);
        for (const { handle } of [ended, late]) assert.equal(await read(store, handle), undefined);
        await store.delete(kept.handle);
      }
    }),
  },
];
