import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Awaitable, WholeRecord } from "../../record/contract.ts";
import { isAdoptable, newRecord, wholeRecord } from "../../record/record.ts";
import { untilDone } from "../_attempts.ts";
import type { SessionBackend } from "../_session-backend.ts";
import type { Mover } from "./mover.ts";
import { isReservation, newReservation } from "./reservation.ts";

/**
 * Stores a record that is new under a handle: in the target if `moves`, else with `store` in the source. Its place in the target is
 * reserved meanwhile in both cases, so that of several processes that make one handle at once, one does, whichever store each of them
 * puts it in. Returns whether this one did.
 */
export async function putNew(
  mover: Mover,
  handle: string,
  record: WholeRecord,
  moves: boolean,
  store: (backend: SessionBackend) => Awaitable<boolean>,
): Promise<boolean> {
  const { from, to } = mover;
  // No store takes it, so no place for it would ever do.
  if (!isAdoptable(record)) return false;
  return untilDone(to.environment, `session ${handle}`, async () => {
    const reservation = namedReservation(to.now());
    if (!(await to.adopt(handle, reservation)))
      return isReservation(await to.read(handle)) ? undefined : false;
    /** Returns false if it is not there any more. */
    const release = (): Awaitable<boolean> => to.delete(handle, reservation.version, "moved");
    /** Somebody who moves sessions the other way makes it, or nobody yet: then both try again. */
    const isReserved = async (): Promise<boolean> => isReservation(await from.read(handle));
    if (moves) {
      // If it is refused, its place is lost, or it was there already and has ended since: a client may have sent it again.
      if ((await from.standings([handle])).length === 0)
        return to.adopt(handle, record, reservation.secretHash);
      const isTaken = !(await isReserved());
      await release();
      return isTaken ? false : undefined;
    }
    const isStored = await store(from);
    if (!isStored && (await isReserved())) {
      await release();
      return undefined;
    }
    const isInTime = await release();
    if (!isStored || isInTime) return isStored;
    // Who was so slow that another one may have put it into the target has put it nowhere: that one counts, unless it has moved this.
    const place = await mover.find(handle, false);
    return place === "from" || (place === "to" && (await to.read(handle))?.secretHash === record.secretHash);
  });
}

/** A reservation with a version that no other record has, so that it can be deleted and nothing else in its place. */
function namedReservation(now: number): WholeRecord {
  const version = 2 + (Buffer.from(randomBytes(4)).readUInt32LE() % 2 ** 30);
  return { ...wholeRecord(newRecord(newReservation(), now), now), version };
}
