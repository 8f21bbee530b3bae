import { StateError } from "../errors.ts";
import { call } from "./call.ts";
import { nameOf } from "./device.ts";
import { deviceIn, withDevice } from "./device-in-head.ts";
import { headIn, headText } from "./head.ts";
import { recordOf } from "./listed.ts";
import type { Engine } from "./live.ts";

const ATTEMPTS = 100;
const NO_CHANGES = { set: new Map<string, string>(), unset: [] };

/** Gives the device of a stored session another name. Moves no deadline. Throws StateError `ended`, `conflict`; BackendError. */
export async function renamed(engine: Engine, handle: string, given: unknown): Promise<void> {
  const name = nameOf("rename", given);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await recordOf(engine, handle);
    const head = record && headIn(record.head);
    if (record === undefined || head === undefined)
      throw new StateError("ended", "rename: there is no such session. It may have ended.");
    const result = await call(engine, "patch", handle, {
      ifEpoch: record.epoch,
      ifVersion: record.version,
      ifSecretHash: record.secretHash,
      baseVersion: record.version,
      data: record.data,
      changes: () => NO_CHANGES,
      idleTimeout: 0,
      head: headText(withDevice(head, { ...deviceIn(head), name })),
    });
    if (result === "ok" || result === "merged") return;
  }
  throw new StateError("conflict", "rename: other requests kept changing the session. Try again.");
}
