import type { Environment } from "../../environment.ts";
import type { SessionRecord } from "../../record/contract.ts";
import { storeName } from "../../record/store-name.ts";
import { untilDone } from "../_attempts.ts";
import type { SessionBackend } from "../_session-backend.ts";
import { isReservation, newReservation } from "./reservation.ts";

/** Where a session is: in one of the two stores, or in none. */
export type Place = "from" | "to" | "nowhere";

/**
 * Moves sessions from one store to another, one at a time and whole, while requests use them. Several processes may move the same
 * session at once, and each may stop between any two steps: it is then in one of the stores, or the next one brings it to its end.
 */
export class Mover {
  readonly from: SessionBackend;
  readonly to: SessionBackend;

  constructor(from: SessionBackend, to: SessionBackend) {
    this.from = from;
    this.to = to;
  }

  get #environment(): Environment {
    return this.to.environment;
  }

  /** Returns where the session is, after it was moved if `moves`. Waits while another process moves it, for a few seconds at most. */
  find(handle: string, moves: boolean): Promise<Place> {
    return untilDone(this.#environment, `session ${handle}`, () => this.#look(handle, moves));
  }

  /** Moves a session that the source lists. Returns false if it stays there, because it cannot be read. */
  async clear(handle: string): Promise<boolean> {
    const place = await this.find(handle, true);
    // Somebody may have been stopped before the last step.
    if (place === "to") await this.#leave(handle);
    return place !== "from";
  }

  /** Undefined if it has to be looked for again. */
  async #look(handle: string, moves: boolean): Promise<Place | undefined> {
    const there = await this.to.read(handle);
    if (there !== undefined && !isReservation(there)) return "to";
    const here = await this.from.read(handle);
    // A process that moves sessions the other way is about to bring it.
    if (isReservation(here)) return undefined;
    if (here !== undefined) {
      // What has expired or cannot be read stays where it is.
      if (!moves || !isWhole(here)) return "from";
    } else if ((await this.from.standings([handle])).length === 0) {
      // It may have come here since the first look.
      const now = await this.to.read(handle);
      return now !== undefined && !isReservation(now) ? "to" : "nowhere";
    }
    return (await this.#move(handle)) ? "to" : undefined;
  }

  /**
   * A place is reserved first, so that whoever ends the session meanwhile finds something to delete in both stores: then the
   * record is not adopted. See decision 051.
   */
  async #move(handle: string): Promise<boolean> {
    const reservation = newReservation();
    if (!(await this.to.create(handle, reservation))) return false;
    const record = await this.from.moveOut(handle);
    // It has ended. Nobody takes the place for a session, and it goes by itself.
    if (record === undefined) return false;
    if (!(await this.to.adopt(handle, record, reservation.secretHash))) return false;
    await this.#leave(handle, record);
    return true;
  }

  /** Deletes what is left of it in the source. Of several that do, one is told that it was there, and tells it. */
  async #leave(handle: string, record?: SessionRecord): Promise<void> {
    if (!(await this.from.delete(handle, undefined, "moved")) || this.to.onMoved === undefined) return;
    const moved = record ?? (await this.to.read(handle));
    if (moved !== undefined)
      this.to.onMoved(handle, moved, { from: storeName(this.from), to: storeName(this.to) });
  }
}

function isWhole(record: SessionRecord): boolean {
  return record.secretHash !== "" && Math.min(record.expiresAt, record.absoluteExpiresAt) > record.now;
}
