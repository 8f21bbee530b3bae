import type { Environment } from "../../environment.ts";
import type { SessionRecord } from "../../record/contract.ts";
import { storeName } from "../../record/store-name.ts";
import { untilDone } from "../_attempts.ts";
import type { SessionBackend } from "../_session-backend.ts";
import { removeStale } from "./leftover.ts";
import { isHere, isLive, isSession, newReservation } from "./reservation.ts";

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

  /** Moves a session that the source lists. Returns false if it stays there, because it has expired or cannot be read. */
  async clear(handle: string): Promise<boolean> {
    const place = await this.find(handle, true);
    if (place !== "to") return place !== "from";
    // Somebody may have been stopped before the last step.
    if (!(await this.#leave(handle))) await removeStale(handle, { at: this.to, other: this.from });
    return true;
  }

  /** Moves a session that the target lists, if somebody has died who was moving it the other way. */
  async finish(handle: string): Promise<void> {
    if ((await this.to.read(handle)) === undefined) await this.find(handle, true);
  }

  /** Undefined if it has to be looked for again. */
  async #look(handle: string, moves: boolean): Promise<Place | undefined> {
    const there = await this.to.read(handle);
    if (isHere(there)) return "to";
    const here = await this.from.read(handle);
    if (isHere(here)) {
      // What cannot be read stays where it is.
      if (!moves || here.secretHash === "") return "from";
    } else {
      // A process that moves sessions the other way is about to bring it.
      if (here !== undefined && isLive(here)) return undefined;
      if ((await this.from.standings([handle])).length === 0) {
        // What has expired is answered from where it was.
        const otherwise = isSession(there) ? "to" : isSession(here) ? "from" : "nowhere";
        return this.#lookThere(handle, moves, otherwise);
      }
      // Only a mark cannot be read. Otherwise it has just come.
      if ((await this.from.read(handle)) !== undefined) return undefined;
    }
    // Another process is about to bring it.
    if (there !== undefined && isLive(there)) return undefined;
    if (await this.#move(handle)) return "to";
    // The mark that it has left where it came from would keep it from going back there.
    if (isHere(here)) await this.to.delete(handle, undefined, "moved");
    return undefined;
  }

  /** What is not in the source may have come to the target since the first look, or be on its way from there. */
  async #lookThere(handle: string, moves: boolean, otherwise: Place): Promise<Place | undefined> {
    const isListed = async (store: SessionBackend): Promise<boolean> =>
      (await store.standings([handle])).length > 0;
    if (await isListed(this.to)) {
      const there = await this.to.read(handle);
      if (isHere(there)) return "to";
      // Its mark alone: whoever was moving it the other way has died. From the source it can be moved on.
      if (there === undefined && (await isListed(this.to))) {
        const isThere = await new Mover(this.to, this.from).#move(handle);
        return isThere && !moves ? "from" : undefined;
      }
    }
    // It may have gone to the source meanwhile.
    return (await isListed(this.from)) ? undefined : otherwise;
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

  /** Deletes the mark in the source. Of several that do, one is told that it was there, and tells it. */
  async #leave(handle: string, record?: SessionRecord): Promise<boolean> {
    if (!(await this.from.delete(handle, undefined, "moved"))) return false;
    const moved = this.to.onMoved && (record ?? (await this.to.read(handle)));
    if (moved !== undefined)
      this.to.onMoved?.(handle, moved, { from: storeName(this.from), to: storeName(this.to) });
    return true;
  }
}
