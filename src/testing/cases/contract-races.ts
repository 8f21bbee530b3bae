import assert from "node:assert/strict";
import type { Case } from "../world.ts";
import {
  assertData,
  atEveryDistance,
  newHandle,
  newHash,
  patchOf,
  read,
  readData,
  readLive,
  recordOf,
  store as storeRecord,
} from "./_records.ts";

/** Two calls of a back-end under way at once: each is one step, so one of them was first. */
export const contractRacesCases: readonly Case[] = [
  {
    promise: "C1",
    name: "of fifty patches of fifty keys at once, none is lost",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, {});
      const keys = Array.from({ length: 50 }, (_, n) => `key${n}`);
      const results = await Promise.all(
        keys.map(async (key) => store.patch(handle, patchOf(record, { [key]: 1 }))),
      );
      const expected = ["ok", ...results.slice(1).fill("merged")].toSorted();
      assert.deepEqual(results.toSorted(), expected, "what the calls of patch return");
      const stored = Object.keys(await readData(store, handle)).sort();
      assert.deepEqual(stored, keys.toSorted(), "the keys that are stored after all calls of patch");
      assert.equal((await readLive(store, handle)).version, record.version + 50, "the version");
    },
  },
  {
    promise: "C3",
    name: "a patch and a delete at once: the session is over",
    async run({ store }) {
      await atEveryDistance(async (later) => {
        const { handle, record } = await storeRecord(store, { a: 1 });
        const patching = store.patch(handle, patchOf(record, { a: 2 }));
        await later();
        assert.equal(await store.delete(handle), true);
        await patching;
        assert.equal(await store.read(handle), undefined);
      });
    },
  },
  {
    promise: "C3",
    name: "a touch and a delete at once: the session is over",
    async run({ store, advance }) {
      await atEveryDistance(async (later) => {
        const { handle } = await storeRecord(store, { a: 1 });
        await advance(100);
        const touching = store.touch(handle, 1000);
        await later();
        assert.equal(await store.delete(handle), true);
        await touching;
        assert.equal(await store.read(handle), undefined);
      });
    },
  },
  {
    promise: "C3",
    name: "a rotation and a revocation of its user at once: the session is over",
    async run({ store }) {
      await atEveryDistance(async (later) => {
        const { handle, record } = await storeRecord(store, { a: 1 }, { userId: "ann" });
        const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: false };
        const patching = store.patch(handle, patchOf(record, {}, { rotation }));
        await later();
        assert.deepEqual(await store.revokeUser("ann"), [handle]);
        await patching;
        assert.equal(await store.read(handle), undefined);
      });
    },
  },
  {
    promise: "C4",
    name: "of two rotations of one secret at once, exactly one wins",
    async run({ store }) {
      await atEveryDistance(async (later) => {
        const { handle, record } = await storeRecord(store, { a: 1 });
        const rotate = async (secretHash: string) => ({
          secretHash,
          result: await store.patch(
            handle,
            patchOf(
              record,
              {},
              {
                ifSecretHash: record.secretHash,
                rotation: { secretHash, grace: 10, raiseEpoch: false },
              },
            ),
          ),
        });
        const first = rotate(newHash());
        await later();
        const both = [await rotate(newHash()), await first];
        const results = both.map(({ result }) => result).sort();
        assert.deepEqual(results, ["ok", "stale"], "what two calls of patch for one secret return");
        const winner = both.find(({ result }) => result === "ok");
        const { secretHash } = await readLive(store, handle);
        assert.equal(secretHash, winner?.secretHash, "the hash of the rotation that patch answered with ok");
      });
    },
  },
  {
    promise: "C5",
    name: "a change of rights and a write under the old rights at once: the write came before, or not at all",
    async run({ store }) {
      await atEveryDistance(async (later) => {
        const { handle, record } = await storeRecord(store, { a: 1 });
        const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true };
        const writing = store.patch(handle, patchOf(record, { written: true }));
        await later();
        const raised = await store.patch(handle, patchOf(record, { raised: true }, { rotation }));
        const result = await writing;
        assert.ok(raised !== "stale" && raised !== "ended", "patch should store the change of rights");
        const after = await readLive(store, handle);
        const expected = result === "stale" ? { a: 1, raised: true } : { a: 1, written: true, raised: true };
        assert.deepEqual(
          JSON.parse(after.data),
          expected,
          `the data, as the other patch returned ${result},`,
        );
        assert.equal(after.epoch, 1, "the epoch after a patch that raises it");
      });
    },
  },
  {
    promise: "C2",
    name: "of ten patches for one version at once, exactly one is stored",
    async run({ store }) {
      const { handle, record } = await storeRecord(store, { n: 0 });
      const results = await Promise.all(
        Array.from({ length: 10 }, async (_, n) =>
          store.patch(handle, patchOf(record, { n }, { ifVersion: record.version })),
        ),
      );
      const stored = results.filter((result) => result === "ok").length;
      assert.equal(stored, 1, "how many calls of patch for one version return ok");
      await assertData(store, handle, { n: results.indexOf("ok") });
    },
  },
  {
    promise: "B5",
    name: "a delete for one version and a patch at once: one of them happens",
    async run({ store }) {
      await atEveryDistance(async (later) => {
        const { handle, record } = await storeRecord(store, { a: 1 });
        const patching = store.patch(handle, patchOf(record, { b: 2 }));
        await later();
        const deleted = await store.delete(handle, record.version);
        assert.equal(await patching, deleted ? "ended" : "ok");
        const isGone = (await read(store, handle)) === undefined;
        assert.equal(isGone, deleted, "whether the record is gone, as delete returned it,");
      });
    },
  },
  {
    promise: "B7",
    name: "of ten that want one free handle at once, one gets it",
    async run({ store }) {
      const handle = newHandle();
      const created = await Promise.all(
        Array.from({ length: 10 }, async (_, n) => store.create(handle, recordOf({ n }))),
      );
      assert.equal(created.filter(Boolean).length, 1, "how many calls of create for one handle return true");
      await assertData(store, handle, { n: created.indexOf(true) });
    },
  },
  {
    promise: "C7",
    name: "of ten that want one lock at once, one gets it",
    async run({ store }) {
      const { handle } = await storeRecord(store, { a: 1 });
      const answers = await Promise.all(Array.from({ length: 10 }, async () => store.lock(handle, 10)));
      const holders = answers.filter((answer) => answer !== "busy").length;
      assert.equal(holders, 1, "how many calls of lock return something else than busy");
    },
  },
  {
    promise: "U1",
    name: "a sign-in and a revocation of its user at once: the session is ended, or else it is listed",
    async run({ store }) {
      await atEveryDistance(async (later) => {
        const fresh = newHandle();
        const known = await storeRecord(store, { a: 1 });
        const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "ann" };
        const signingIn = Promise.all([
          store.create(fresh, recordOf({ b: 1 }, { userId: "ann" })),
          store.patch(known.handle, patchOf(known.record, {}, { rotation })),
        ]);
        await later();
        const ended = await store.revokeUser("ann");
        await signingIn;
        const listed = (await store.listByUser("ann")).map(({ handle }) => handle);
        for (const handle of [fresh, known.handle]) {
          const alive = (await read(store, handle)) !== undefined;
          assert.equal(ended.includes(handle), !alive, "whether revokeUser returns a session that is gone");
          assert.equal(listed.includes(handle), alive, "whether listByUser returns a session that lives");
        }
        await store.revokeUser("ann");
      });
    },
  },
  {
    promise: "R2",
    name: "pruning while sessions are being touched and patched ends none of them",
    async run({ store, advance }) {
      const made = await Promise.all(Array.from({ length: 10 }, async (_, n) => storeRecord(store, { n })));
      await advance(999);
      await Promise.all([
        ...made.map(async ({ handle, record }, n) =>
          n % 2 === 0 ? store.touch(handle, 1000) : store.patch(handle, patchOf(record, { more: 1 })),
        ),
        store.prune(),
      ]);
      await advance(999);
      await store.prune();
      for (const { handle } of made) await readLive(store, handle);
    },
  },
];
