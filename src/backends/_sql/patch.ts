import { meets, patchedData, type StoredRecord } from "../_record.ts";
import type { PatchResult, SessionPatch } from "../backend.ts";

/** What a patch needs of the record's row. */
export interface PatchedRow {
  /** One statement that writes, only if the row is live, has this version and meets the patch; whether it did. */
  store(data: string, version: number): Promise<boolean>;
  /** The row as it is now, if it is live. */
  read(): Promise<StoredRecord | undefined>;
}

/** More often than this, others got in between only if the store does not do what it says. */
const ATTEMPTS = 200;

/**
 * A patch in a store that can write under a condition: one statement if nobody wrote since the patch was made. Else it
 * looks, judges, and stores into the version just seen, until that held still.
 */
export async function patchRow(handle: string, patch: SessionPatch, row: PatchedRow): Promise<PatchResult> {
  const { baseVersion, ifVersion = baseVersion } = patch;
  if (ifVersion === baseVersion && (await row.store(patch.data, baseVersion))) return "ok";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await row.read();
    if (record === undefined) return "ended";
    if (!meets(record, patch)) return "stale";
    if (!(await row.store(patchedData(record, patch), record.version))) continue;
    return record.version === baseVersion ? "ok" : "merged";
  }
  throw new Error(`session ${handle}: others changed it between each read and write`);
}
