import type { Environment } from "../../environment.ts";
import type { PatchResult, SessionPatch } from "../../record/contract.ts";
import { patchedData, type StoredRecord } from "../../record/record.ts";
import { untilDone } from "../_attempts.ts";

/** What a patch needs of the record's row. */
export interface PatchedRow {
  readonly environment: Environment;
  /** Runs one statement that writes only if the row is live, has this version and meets the patch. Returns whether it did. */
  store(data: string, version: number): Promise<boolean>;
  /** Returns the row as it is now, if it is live. */
  read(): Promise<StoredRecord | undefined>;
  /**
   * Runs the retries of one process one after the other; many at once would each have to try as often as there are
   * others. Left out where callers may not wait for each other.
   */
  inTurn?<R>(work: () => Promise<R>): Promise<R>;
}

/**
 * Applies a patch with conditional writes: one statement if nobody has written since the patch was made; else reads,
 * checks, and writes to the version it read, until that succeeds.
 */
export async function patchRow(handle: string, patch: SessionPatch, row: PatchedRow): Promise<PatchResult> {
  const { baseVersion, ifVersion = baseVersion } = patch;
  if (ifVersion === baseVersion && (await row.store(patch.data, baseVersion))) return "ok";
  const retry = (): Promise<PatchResult> =>
    untilDone(row.environment, `session ${handle}`, async () => {
      const record = await row.read();
      if (record === undefined) return "ended";
      const data = patchedData(record, patch);
      if (data === undefined) return "stale";
      if (!(await row.store(data, record.version))) return undefined;
      return record.version === baseVersion ? "ok" : "merged";
    });
  return row.inTurn === undefined ? retry() : row.inTurn(retry);
}
