import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import {
  assertData,
  assertStands,
  newHash,
  patchOf,
  readLive,
  standing,
  store as storeRecord,
} from "./_records.ts";

const maxBytes = 65_536;

const kilobytes = (count: number, of = "x"): string => of.repeat((count * 1000) / Buffer.byteLength(of));

/** How large a merge may make the data: what one patch cannot know, the store judges in its own step. */
export const contractSizeCases: readonly Case[] = [
  {
    promise: "S8",
    name: "of parallel patches that each fit, those that would make the data too large are refused, and the rest is whole",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, {});
      const keys = Array.from({ length: 20 }, (_, n) => `key${n}`);
      const results = await Promise.all(
        keys.map(async (key) => store.patch(handle, patchOf(record, { [key]: kilobytes(10) }, { maxBytes }))),
      );
      const kept = keys.filter((_, n) => results[n] === "ok" || results[n] === "merged");
      assert.equal(kept.length, 6, "how many calls of patch return ok or merged");
      const refused = results.filter((result) => result === "tooLarge").length;
      assert.equal(refused, 14, "how many calls of patch return tooLarge");
      const expected = Object.fromEntries(kept.map((key) => [key, kilobytes(10)]));
      await assertData(store, handle, expected);
      assert.equal((await readLive(store, handle)).version, record.version + 6, "the version");
    },
  },
  {
    promise: "S8",
    name: "nothing of a patch that would make the data too large is stored; bytes of UTF-8 count",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, {});
      assert.equal(await store.patch(handle, patchOf(record, { a: kilobytes(40, "é") }, { maxBytes })), "ok");
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "ann" };
      const before = standing(await readLive(store, handle));
      for (const more of [{}, { rotation }]) {
        const patch = patchOf(record, { b: kilobytes(40, "é") }, { maxBytes, ...more });
        assert.equal(await store.patch(handle, patch), "tooLarge");
        await assertStands(store, handle, before);
      }
      assert.deepEqual(await store.listByUser("ann"), []);
      assert.equal(await store.patch(handle, patchOf(record, { b: kilobytes(20) }, { maxBytes })), "merged");
    },
  },
  {
    promise: "S8",
    name: "a large value that a merge replaces does not count",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: kilobytes(40), b: 0 });
      for (let n = 1; n <= 5; n++) {
        assert.equal(
          await store.patch(handle, patchOf(record, { b: n }, { maxBytes })),
          n === 1 ? "ok" : "merged",
        );
        const value = kilobytes(40, `${n}`);
        assert.equal(await store.patch(handle, patchOf(record, { a: value }, { maxBytes })), "merged");
        await assertData(store, handle, { a: value, b: n });
      }
      assert.equal((await readLive(store, handle)).version, record.version + 10, "the version");
    },
  },
  {
    promise: "S8",
    name: "data that was too large before may shrink and be rotated by a merge, but not grow",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: kilobytes(80), b: 1, c: 2 });
      assert.equal(await store.patch(handle, patchOf(record, { b: 2 })), "ok");
      assert.equal(await store.patch(handle, patchOf(record, { d: 1 }, { maxBytes })), "tooLarge");
      assert.equal(await store.patch(handle, patchOf(record, { c: undefined }, { maxBytes })), "merged");
      assert.equal(await store.patch(handle, patchOf(record, { b: 3 }, { maxBytes })), "merged");
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true };
      assert.equal(await store.patch(handle, patchOf(record, {}, { maxBytes, rotation })), "merged");
      await assertData(store, handle, { a: kilobytes(80), b: 3 });
    },
  },
  {
    promise: "S8",
    name: "what has ended or is stale is answered so even if it would be too large as well",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: kilobytes(60) });
      assert.equal(await store.patch(handle, patchOf(record, { b: 2 }, { maxBytes })), "ok");
      const large = patchOf(record, { c: kilobytes(60) }, { maxBytes });
      assert.equal(await store.patch(handle, { ...large, ifEpoch: record.epoch + 1 }), "stale");
      assert.equal(await store.patch(handle, { ...large, ifVersion: record.version }), "stale");
      assert.equal(await store.patch(handle, large), "tooLarge");
      await store.delete(handle);
      assert.equal(await store.patch(handle, large), "ended");
    },
  },
];
