import assert from "node:assert/strict";
import type { SessionBackend, SessionRecord } from "../../backends/backend.ts";
import type { Case } from "../world.ts";
import { newHash, patchOf, read, store } from "./_records.ts";

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

/** Two instances of the back-end on one store, as two processes have them; each may remember what it likes. */
export const instanceCases: readonly Case[] = Object.entries(ENDS).map(([what, end]) => ({
  promise: "C3",
  name: `${what} through one instance of the back-end holds for another as soon as it is answered`,
  async run(world) {
    const one = world.store.inner;
    const another = await world.another();
    for (let round = 0; round < 5; round++) {
      const { handle, record } = await store(one, { visits: round }, { userId: "ann" });
      // Twice, so that whoever remembers has something to remember.
      for (let times = 0; times < 2; times++)
        assert.equal((await read(another, handle))?.epoch, record.epoch);
      await end(one, handle, record);
      const found = await read(another, handle);
      assert.ok(
        found === undefined || found.epoch > record.epoch,
        "the other one still knows the old session",
      );
    }
  },
}));
