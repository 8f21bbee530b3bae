import assert from "node:assert/strict";
import type { SessionBackend, WholeRecord } from "../../backends/backend.ts";
import { ConfigError } from "../../errors.ts";
import type { Case, World } from "../world.ts";
import {
  assertListed,
  assertStands,
  atEveryDistance,
  newHandle,
  newHash,
  patchOf,
  read,
  readLive,
  recordOf,
  standing,
  store as storeRecord,
} from "./_records.ts";

/** Runs a case where the store can take and give whole records; fails unless it says in a typed error that it cannot. */
function ifItMoves(run: (world: World) => Promise<void>): (world: World) => Promise<void> {
  return async (world) => {
    try {
      await world.store.moveOut(newHandle());
    } catch (error) {
      assert.ok(error instanceof ConfigError, "a store that cannot do this should throw ConfigError");
      assert.equal(error.option, "backend", "the option that the error names");
      return;
    }
    await run(world);
  };
}

/** A record as another store has it, whose clock shows something else. */
function fromElsewhere(more: Partial<WholeRecord> = {}): WholeRecord {
  const now = 5_000_000;
  return {
    data: JSON.stringify({ a: 1, b: ["two", null, { c: "drei — 三" }] }),
    secretHash: newHash(),
    previousSecretHash: newHash(),
    previousEpoch: 6,
    previousUntil: now + 40,
    epoch: 7,
    version: 41,
    expiresAt: now + 500,
    absoluteExpiresAt: now + 9000,
    userId: "ann",
    head: recordOf({}).head,
    fence: 3,
    lockedUntil: now + 30,
    now,
    ...more,
  };
}

/** What there is to compare of a whole record. */
function whole({ fence, lockedUntil, ...record }: WholeRecord): object {
  const lockLeft = lockedUntil === 0 ? 0 : Math.round((lockedUntil - record.now) / 10) * 10;
  return { ...standing(record), fence, lockLeft };
}

async function adopt(store: SessionBackend, record: WholeRecord): Promise<string> {
  const handle = newHandle();
  assert.equal(await store.adopt(handle, record), true);
  return handle;
}

/** How whole records go from one store to another. */
export const moveCases: readonly Case[] = [
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
      assert.equal(Math.round((expiresAt - now - 8530) / 30), 0, "the distance from its absolute deadline");
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
    name: "what is moved out ends as any other session: by its deadline, by a revocation, or when it is deleted",
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
