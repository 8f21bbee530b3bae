import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import { assertListed, newHash, patchOf, read, readLive, store as storeRecord } from "./_records.ts";

const ODD_USERS = [
  "a",
  "A",
  "a ",
  "aa",
  "%",
  "_",
  "a%",
  "0",
  "ü",
  "u\u0308",
  "__proto__",
  "constructor",
  "x' OR '1'='1",
  "a\nb",
  "a:b",
  "{a}",
  "*",
  "😀",
  "x".repeat(300),
];

/** Which session belongs to whom. */
export const contractUsersCases: readonly Case[] = [
  {
    promise: "U1",
    name: "a user's sessions are listed whole, and nobody else's with them",
    async run({ store, advance }) {
      const first = await storeRecord(store, { n: 1 }, { userId: "ann" });
      await storeRecord(store, { n: 2 }, { userId: "bob" });
      await storeRecord(store, { n: 3 });
      await advance(5);
      const second = await storeRecord(store, { n: 4 }, { userId: "ann" });
      const listed = await store.listByUser("ann");
      listed.sort((one, other) => one.record.expiresAt - other.record.expiresAt);
      const told = listed.map(({ handle, record }) => {
        const left = Math.round(record.expiresAt - record.now);
        return { handle, data: JSON.parse(record.data) as object, userId: record.userId, left };
      });
      const expected = [
        { handle: first.handle, data: { n: 1 }, userId: "ann", left: 995 },
        { handle: second.handle, data: { n: 4 }, userId: "ann", left: 1000 },
      ];
      assert.deepEqual(told, expected, "the sessions that listByUser returns");
    },
  },
  {
    promise: "U1",
    name: "users whose ids look alike are kept apart",
    async run({ store }) {
      const handles = new Map<string, string>();
      for (const userId of ODD_USERS)
        handles.set(userId, (await storeRecord(store, { a: 1 }, { userId })).handle);
      for (const [userId, handle] of handles) await assertListed(store, userId, [handle]);
      for (const [userId, handle] of handles) assert.deepEqual(await store.revokeUser(userId), [handle]);
    },
  },
  {
    promise: "U1",
    name: "revoking a user ends all of the user's sessions but the one that is spared",
    async run({ store }) {
      const mine = await storeRecord(store, { n: 1 }, { userId: "ann" });
      const others = [
        await storeRecord(store, { n: 2 }, { userId: "ann" }),
        await storeRecord(store, { n: 3 }, { userId: "ann" }),
      ];
      const bob = await storeRecord(store, { n: 4 }, { userId: "bob" });
      const ended = await store.revokeUser("ann", mine.handle);
      const due = others.map(({ handle }) => handle).sort();
      assert.deepEqual(ended.sort(), due, "the handles that revokeUser returns");
      for (const { handle } of others) assert.equal(await read(store, handle), undefined);
      await assertListed(store, "ann", [mine.handle]);
      await readLive(store, bob.handle);
      assert.deepEqual(await store.revokeUser("ann", bob.handle), [mine.handle]);
      assert.deepEqual(await store.revokeUser("ann"), []);
      await readLive(store, bob.handle);
    },
  },
  {
    promise: "U1",
    name: "a session that is signed in again belongs to its new user only",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "bob" };
      await store.patch(handle, patchOf(record, {}, { rotation }));
      await assertListed(store, "ann", []);
      await assertListed(store, "bob", [handle]);
      assert.deepEqual(await store.revokeUser("ann"), []);
      const back = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "ann" };
      await store.patch(handle, patchOf(await readLive(store, handle), {}, { rotation: back }));
      await assertListed(store, "bob", []);
      assert.deepEqual(await store.revokeUser("ann"), [handle]);
    },
  },
  {
    promise: "U1",
    name: "a rotation without a sign-in keeps the user",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true };
      await store.patch(handle, patchOf(record, {}, { rotation }));
      await assertListed(store, "ann", [handle]);
    },
  },
  {
    promise: "U1",
    name: "what is deleted or expired leaves the list, and a session that goes on stays in it",
    async run({ store, advance }) {
      const gone = await storeRecord(store, { n: 1 }, { userId: "ann" });
      const busy = await storeRecord(store, { n: 2 }, { userId: "ann", idleTimeout: 100 });
      const idle = await storeRecord(store, { n: 3 }, { userId: "ann", idleTimeout: 100 });
      await store.delete(gone.handle);
      await assertListed(store, "ann", [busy.handle, idle.handle]);
      for (let i = 0; i < 20; i++) {
        await advance(90);
        await store.touch(busy.handle, 100);
      }
      await assertListed(store, "ann", [busy.handle]);
      await store.prune();
      await assertListed(store, "ann", [busy.handle]);
      assert.deepEqual(await store.revokeUser("ann"), [busy.handle]);
    },
  },
  {
    promise: "U1",
    name: "a hundred sessions of one user are all found and all ended",
    async run({ store }) {
      const made = await Promise.all(
        Array.from(
          { length: 100 },
          async (_, n) => (await storeRecord(store, { n }, { userId: "ann" })).handle,
        ),
      );
      await assertListed(store, "ann", made);
      const ended = await store.revokeUser("ann");
      assert.deepEqual(ended.sort(), made.toSorted(), "the handles that revokeUser returns");
      for (const handle of made) assert.equal(await read(store, handle), undefined);
    },
  },
];
