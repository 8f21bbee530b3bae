import type { Environment } from "../../environment.ts";
import type { PatchResult, SessionPatch } from "../../record/contract.ts";
import { patchedData, type StoredRecord } from "../../record/record.ts";
import { untilDone } from "../_attempts.ts";

/** What a patch needs of the record. */
export interface PatchedRow {
  readonly environment: Environment;
  /**
   * Runs one step that writes only if the record is live, has this version and this hash, if one is given, and meets the
   * patch. Returns whether it did.
   */
  store(data: string, version: number, ifSecretHash: string | undefined): Promise<boolean>;
  /** Returns it as it is now, if it is live. */
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
  if (ifVersion === baseVersion && (await row.store(patch.data, baseVersion, patch.ifSecretHash)))
    return "ok";
  const retry = (): Promise<PatchResult> => mergeRow(handle, patch, row);
  return row.inTurn === undefined ? retry() : row.inTurn(retry);
}

/** Reads, checks, merges, and writes to the version that was read, until that succeeds. */
export function mergeRow(handle: string, patch: SessionPatch, row: PatchedRow): Promise<PatchResult> {
  return untilDone(row.environment, `session ${handle}`, async () => {
    const record = await row.read();
    if (record === undefined) return "ended";
    const { result, data } = patchedData(record, patch);
    if (data === undefined) return result;
    // The hash too: behind a pooler that mixes up its answers, what was read may be somebody else's.
    return (await row.store(data, record.version, record.secretHash)) ? result : undefined;
  });
}
