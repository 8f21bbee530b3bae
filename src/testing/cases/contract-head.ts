import assert from "node:assert/strict";
import type { SessionBackend } from "../../backends/backend.ts";
import type { Case } from "../world.ts";
import { newHash, patchOf, readLive, store as storeRecord } from "./_records.ts";

/** Any text but NUL and halves of surrogate pairs, which some databases cannot hold. */
const HEADS = [
  "",
  '{"idle":1000,"absolute":10000,"persistent":false}',
  "no JSON",
  " \"quotes\" 'and' `others` \\ \\n; -- $1 ? %s {} [] : ",
  "lines\nand\ttabs\r\nand \u0001 controls",
  "é ü \u00e9\u0301 漢字 😀 \u2028",
  `{"long":"${"x".repeat(2000)}"}`,
];

async function assertHead(backend: SessionBackend, handle: string, expected: string): Promise<void> {
  assert.equal((await readLive(backend, handle)).head, expected, "the head that read returns");
}

/** The text that the engine keeps for itself: no back-end looks into it. */
export const contractHeadCases: readonly Case[] = [
  {
    promise: "B1",
    name: "any head comes back unchanged, to a read and in a user's list",
    async run({ store }) {
      for (const head of HEADS) {
        const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann", head });
        assert.equal(record.head, head, "the head that read returns");
        const [listed] = await store.listByUser("ann");
        assert.equal(listed?.record.head, head, "the head that listByUser returns");
        await store.delete(handle);
      }
    },
  },
  {
    promise: "B1",
    name: "a patch replaces the head if it has one, and leaves it if it has none",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { head: "first" });
      assert.equal(await store.patch(handle, patchOf(record, { a: 2 })), "ok");
      await assertHead(store, handle, "first");
      for (const head of HEADS) {
        const before = await readLive(store, handle);
        assert.equal(await store.patch(handle, patchOf(before, { b: head.length }, { head })), "ok");
        await assertHead(store, handle, head);
        assert.equal(await store.patch(handle, patchOf(before, { c: 1 })), "merged");
        await assertHead(store, handle, head);
      }
    },
  },
  {
    promise: "B1",
    name: "a patch that is merged replaces the head too; one that is stale does not",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { head: "first" });
      await store.patch(handle, patchOf(record, { a: 2 }));
      const stale = patchOf(record, { a: 3 }, { head: "stale", ifVersion: record.version });
      assert.equal(await store.patch(handle, stale), "stale");
      await assertHead(store, handle, "first");
      assert.equal(await store.patch(handle, patchOf(record, { b: 1 }, { head: "merged" })), "merged");
      await assertHead(store, handle, "merged");
    },
  },
  {
    promise: "C4",
    name: "a rotation replaces the head together with the secret; without one, it leaves the head",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { head: "first" });
      const rotate = async (head: string | undefined, expected: string): Promise<void> => {
        const before = await readLive(store, handle);
        const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, absoluteTimeout: 5000 };
        const more = { ifSecretHash: before.secretHash, idleTimeout: 1000, rotation, head };
        assert.equal(await store.patch(handle, patchOf(before, {}, more)), "ok");
        const { secretHash } = await readLive(store, handle);
        assert.equal(secretHash, rotation.secretHash, "the hash of the new secret");
        await assertHead(store, handle, expected);
      };
      await rotate(undefined, record.head);
      for (const head of HEADS) await rotate(head, head);
      await rotate(undefined, HEADS.at(-1)!);
    },
  },
  {
    promise: "B1",
    name: "a touch and a lock leave the head as it is",
    async run({ store, advance }) {
      for (const head of HEADS) {
        const { handle } = await storeRecord(store, { a: 1 }, { head });
        await advance(10);
        assert.equal(await store.touch(handle, 1000), true);
        const fence = await store.lock(handle, 10);
        assert.ok(typeof fence === "number", "lock should return a number, since nobody holds the lock");
        assert.equal(await store.relock(handle, fence, 0), true);
        await assertHead(store, handle, head);
      }
    },
  },
];
