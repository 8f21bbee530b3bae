import assert from "node:assert/strict";
import type { SessionBackend, SessionRecord } from "../../backends/backend.ts";
import type { Case } from "../world.ts";
import { newHash, patchOf, read, readLive, store } from "./_records.ts";

/** How a session, or the id it had, ends. */
const ENDS: Record<string, (backend: SessionBackend, handle: string, record: SessionRecord) => unknown> = {
  "a logout": (backend, handle) => backend.delete(handle),
  "a revocation of all": (backend) => backend.revokeUser("ann"),
  "a change of rights": (backend, handle, record) =>
    backend.patch(
      handle,
      patchOf(record, {}, { rotation: { secretHash: newHash(), grace: 10, raiseEpoch: true } }),
    ),
};

/** What a slow request on another server may still ask of a session that has ended. */
const LATE: Record<string, (backend: SessionBackend, handle: string, record: SessionRecord) => unknown> = {
  patch: (backend, handle, record) => backend.patch(handle, patchOf(record, { visits: 2 })),
  rotation: (backend, handle, record) =>
    backend.patch(
      handle,
      patchOf(
        record,
        {},
        {
          ifSecretHash: record.secretHash,
          rotation: { secretHash: newHash(), grace: 10, raiseEpoch: true, userId: "ann" },
        },
      ),
    ),
  touch: (backend, handle) => backend.touch(handle, 1000),
  lock: (backend, handle) => backend.lock(handle, 10),
};

const lateCases = (["a logout", "a revocation of all"] as const).map(
  (what): Case => ({
    promise: "C3",
    name: `after ${what} through one instance, no late call through another brings the session back`,
    async run(world) {
      const one = world.store.inner;
      const another = await world.another();
      for (const [late, call] of Object.entries(LATE)) {
        const { handle } = await store(one, { visits: 1 }, { userId: "ann" });
        const known = await readLive(another, handle);
        await ENDS[what]!(one, handle, known);
        const answer = await call(another, handle, known);
        const why = `should return "ended" or false after ${what}, and returned ${String(answer)}`;
        assert.ok(answer === "ended" || answer === false, `${late} ${why}`);
        for (const each of [one, another]) assert.equal(await each.read(handle), undefined);
      }
      assert.deepEqual(await one.listByUser("ann"), []);
    },
  }),
);

/** Two instances of the back-end on one store, as two processes have them. Each may remember what it has read. */
const endCases = Object.entries(ENDS).map(
  ([what, end]): Case => ({
    promise: "C3",
    name: `${what} through one instance of the back-end takes effect for another as soon as it is answered`,
    async run(world) {
      const one = world.store.inner;
      const another = await world.another();
      for (let round = 0; round < 5; round++) {
        const { handle, record } = await store(one, { visits: round }, { userId: "ann" });
        // Twice, so that whoever remembers has something to remember.
        for (let times = 0; times < 2; times++)
          assert.equal((await read(another, handle))?.epoch, record.epoch, "the epoch that read returns");
        await end(one, handle, record);
        const found = await read(another, handle);
        const isOver = found === undefined || found.epoch > record.epoch;
        assert.ok(
          isOver,
          `read through the other instance should not return the session from before ${what}`,
        );
      }
    },
  }),
);

/** What one instance of the back-end has ended has ended for the others too. */
export const instanceCases: readonly Case[] = [...endCases, ...lateCases];
