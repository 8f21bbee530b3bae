import { untilDone } from "../_attempts.ts";
import { meets, patchedData, type StoredRecord } from "../_record.ts";
import type { PatchResult, SessionPatch } from "../backend.ts";

/** What a patch needs of the record's row. */
export interface PatchedRow {
  /** One statement that writes, only if the row is live, has this version and meets the patch; whether it did. */
  store(data: string, version: number): Promise<boolean>;
  /** The row as it is now, if it is live. */
  read(): Promise<StoredRecord | undefined>;
  /**
   * Lets those of one process who must look again do so one after the other, or many at once would each have to look
   * as often as there are others. Left out where callers may not wait for each other.
   */
  inTurn?<R>(work: () => Promise<R>): Promise<R>;
}

/** A patch in a store that can write under a condition: one statement if nobody wrote since the patch was made. */
export async function patchRow(handle: string, patch: SessionPatch, row: PatchedRow): Promise<PatchResult> {
  const { baseVersion, ifVersion = baseVersion } = patch;
  if (ifVersion === baseVersion && (await row.store(patch.data, baseVersion))) return "ok";
  return repatchRow(handle, patch, row);
}

/** A patch that could not be stored as it was made: looks, judges, and stores into the version seen, until it held still. */
export function repatchRow(handle: string, patch: SessionPatch, row: PatchedRow): Promise<PatchResult> {
  const work = (): Promise<PatchResult> =>
    untilDone(`session ${handle}`, async () => {
      const record = await row.read();
      if (record === undefined) return "ended";
      if (!meets(record, patch)) return "stale";
      if (!(await row.store(patchedData(record, patch), record.version))) return undefined;
      return record.version === patch.baseVersion ? "ok" : "merged";
    });
  return row.inTurn === undefined ? work() : row.inTurn(work);
}
