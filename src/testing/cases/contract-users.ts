import assert from "node:assert/strict";
import type { SessionBackend } from "../../backends/backend.ts";
import type { Case } from "../world.ts";
import { newHash, patchOf, read, readLive, store as storeRecord } from "./_records.ts";

const handlesOf = async (backend: SessionBackend, userId: string): Promise<string[]> =>
  (await backend.listByUser(userId)).map((session) => session.handle);

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
      assert.deepEqual(
        listed.map((session) => session.handle),
        [first.handle, second.handle],
      );
      assert.deepEqual(
        listed.map(({ record }) => [
          JSON.parse(record.data),
          record.userId,
          Math.round(record.expiresAt - record.now),
        ]),
        [
          [{ n: 1 }, "ann", 995],
          [{ n: 4 }, "ann", 1000],
        ],
      );
    },
  },
  {
    promise: "U1",
    name: "users whose ids look alike are kept apart",
    async run({ store }) {
      const handles = new Map<string, string>();
      for (const userId of ODD_USERS)
        handles.set(userId, (await storeRecord(store, { a: 1 }, { userId })).handle);
      for (const [userId, handle] of handles)
        assert.deepEqual(await handlesOf(store, userId), [handle], userId);
      for (const [userId, handle] of handles)
        assert.deepEqual(await store.revokeUser(userId), [handle], userId);
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
      assert.deepEqual(ended.sort(), others.map(({ handle }) => handle).sort());
      for (const { handle } of others) assert.equal(await read(store, handle), undefined);
      assert.deepEqual(await handlesOf(store, "ann"), [mine.handle]);
      assert.ok(await read(store, bob.handle));
      assert.deepEqual(await store.revokeUser("ann", bob.handle), [mine.handle]);
      assert.deepEqual(await store.revokeUser("ann"), []);
      assert.ok(await read(store, bob.handle));
    },
  },
  {
    promise: "U1",
    name: "a session that is signed in again belongs to its new user only",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "bob" };
      await store.patch(handle, patchOf(record, {}, { rotation }));
      assert.deepEqual(await handlesOf(store, "ann"), []);
      assert.deepEqual(await handlesOf(store, "bob"), [handle]);
      assert.deepEqual(await store.revokeUser("ann"), []);
      const back = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "ann" };
      await store.patch(handle, patchOf(await readLive(store, handle), {}, { rotation: back }));
      assert.deepEqual(await handlesOf(store, "bob"), []);
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
      assert.deepEqual(await handlesOf(store, "ann"), [handle]);
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
      assert.deepEqual((await handlesOf(store, "ann")).sort(), [busy.handle, idle.handle].sort());
      for (let i = 0; i < 20; i++) {
        await advance(90);
        await store.touch(busy.handle, 100);
      }
      assert.deepEqual(await handlesOf(store, "ann"), [busy.handle]);
      await store.prune();
      assert.deepEqual(await handlesOf(store, "ann"), [busy.handle]);
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
      assert.deepEqual((await handlesOf(store, "ann")).sort(), made.toSorted());
      assert.deepEqual((await store.revokeUser("ann")).sort(), made.toSorted());
      for (const handle of made) assert.equal(await read(store, handle), undefined);
    },
  },
];
