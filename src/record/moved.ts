import type { DeleteReason, SessionRecord } from "./contract.ts";

/*
 * A record that `moveOut` has marked has a negative epoch, -1 less the one that it had: so every patch is stale by itself, and
 * the other methods look at the same number.
 */

/** Returns true for a record that was moved out to another store: requests do not find it any more. */
export function isMoved({ epoch }: Pick<SessionRecord, "epoch">): boolean {
  return epoch < 0;
}

/** Returns true for a record that requests find. */
export function isUsable(record: Pick<SessionRecord, "epoch" | "expiresAt">, now: number): boolean {
  return record.expiresAt > now && !isMoved(record);
}

/** Returns whether `delete` means this record: see `SessionBackend.delete`. */
export function isMeant(
  record: Pick<SessionRecord, "epoch" | "version">,
  ifVersion: number | undefined,
  why: DeleteReason | undefined,
): boolean {
  if (ifVersion !== undefined) return record.version === ifVersion;
  return why !== "moved" || isMoved(record);
}

/** Marks a record as moved. */
export function applyMove(record: { epoch: number }): void {
  record.epoch = Math.min(record.epoch, -1 - record.epoch);
}
