import type { DeleteReason } from "../../record/contract.ts";
import type { SessionBackend } from "../_session-backend.ts";
import { isHere, isReservation } from "./reservation.ts";

/** Where a session was found, and the other one of the two stores. */
interface Stores {
  readonly at: SessionBackend;
  readonly other: SessionBackend;
}

/** Deletes what is left in the other store, where it would come back when the session ends: a mark, or an old copy. */
export async function removeLeftover(handle: string, stores: Stores): Promise<void> {
  if (!(await stores.other.delete(handle, undefined, "moved"))) await removeStale(handle, stores);
}

/** Deletes the older one of two copies: one of the stores has gone on from an old copy of itself. */
export async function removeStale(handle: string, { at, other }: Stores): Promise<void> {
  const second = await other.read(handle);
  if (!isHere(second)) return;
  const first = await at.read(handle);
  // It may have moved there since it was found here.
  if (!isHere(first)) return;
  if (second.version > first.version) await at.delete(handle, first.version, "moved");
  else await other.delete(handle, second.version, "moved");
}

/** Ends a session only if it has this version, where it was found. */
export async function deleteSeen(
  handle: string,
  version: number,
  why: DeleteReason | undefined,
  { at, other }: Stores,
): Promise<boolean> {
  await removeLeftover(handle, { at, other });
  if (!(await at.delete(handle, version, why))) return false;
  // That may have been the mark of a session that a mover is about to bring, or has brought.
  const there = await other.read(handle);
  if (there === undefined) return true;
  if (isReservation(there) && (await other.delete(handle, there.version, why))) return true;
  return (await other.delete(handle, version, why)) || (await other.read(handle)) === undefined;
}
