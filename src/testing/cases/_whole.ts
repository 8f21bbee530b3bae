import assert from "node:assert/strict";
import type { SessionBackend, WholeRecord } from "../../backends/backend.ts";
import { ConfigError } from "../../errors.ts";
import type { World } from "../world.ts";
import { newHandle, newHash, recordOf, standing } from "./_records.ts";

/** Runs a case where the store can take and give whole records; fails unless it says in a typed error that it cannot. */
export function ifItMoves(run: (world: World) => Promise<void>): (world: World) => Promise<void> {
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
export function fromElsewhere(more: Partial<WholeRecord> = {}): WholeRecord {
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
export function whole({ fence, lockedUntil, ...record }: WholeRecord): object {
  const lockLeft = lockedUntil === 0 ? 0 : Math.round((lockedUntil - record.now) / 10) * 10;
  return { ...standing(record), fence, lockLeft };
}

/** Returns the handle under which the store has adopted the record. */
export async function adopt(store: SessionBackend, record: WholeRecord): Promise<string> {
  const handle = newHandle();
  assert.equal(await store.adopt(handle, record), true);
  return handle;
}
