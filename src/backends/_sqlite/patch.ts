import type { PatchResult, SessionPatch } from "../../record/contract.ts";
import { patchedData, type StoredRecord } from "../../record/record.ts";
import type { Statements } from "./statements.ts";

/** What a patch needs of the record. */
interface PatchedRow {
  /** Writes only if the record is live, has this version and meets the patch. Returns whether it did. */
  store(data: string, version: number): boolean;
  read(): StoredRecord | undefined;
}

/** How often other processes may write between each read and write. */
const ATTEMPTS = 100;

/** Applies a patch as `patchRow` does, at once. */
export function patchSync(handle: string, patch: SessionPatch, row: PatchedRow): PatchResult {
  const { baseVersion, ifVersion = baseVersion } = patch;
  if (ifVersion === baseVersion && row.store(patch.data, baseVersion)) return "ok";
  // Something differs from what the patch assumed: read, check, and write to the version just read, until that succeeds.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = row.read();
    if (record === undefined) return "ended";
    const { result, data } = patchedData(record, patch);
    if (data === undefined || row.store(data, record.version)) return result;
  }
  throw new Error(`session ${handle}: other processes changed it between each read and write`);
}

/** Stores what a patch has made of the data, if the record has this version and meets the patch. Returns whether it did. */
export function storePatch(
  sql: Statements,
  handle: string,
  patch: SessionPatch,
  data: string,
  version: number,
  now: number,
): boolean {
  const { rotation, head = null, idleTimeout, ifEpoch, ifFence = null, ifSecretHash = null } = patch;
  const idle = now + idleTimeout;
  const conditions = [handle, version, ifEpoch, now, ifFence, ifSecretHash] as const;
  if (rotation === undefined) return changed(sql.store.run(data, head, idle, ...conditions));
  const { secretHash, grace, raiseEpoch, userId = null, absoluteTimeout, restartIdle } = rotation;
  const absolute = absoluteTimeout === undefined ? null : now + absoluteTimeout;
  const first = absolute === null && !restartIdle ? null : idle;
  const values = [now + grace, secretHash, raiseEpoch ? 1 : 0, userId, absolute, first, absolute];
  return changed(sql.rotate.run(data, head, ...values, idle, ...conditions));
}

export function changed(result: { readonly changes: number | bigint }): boolean {
  return Number(result.changes) > 0;
}
