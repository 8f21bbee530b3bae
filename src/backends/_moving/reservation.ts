import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { NewRecord, SessionRecord, Standing } from "../../record/contract.ts";
import type { SessionBackend } from "../_session-backend.ts";

/** Begins the hash of each reservation: no SHA-256 in base64url has a period, so no cookie opens one. */
const MARK = "moving.";

/** Seconds for which a place is reserved. Whoever needs longer makes another reservation; others wait no longer for a mover that has died. */
const RESERVED = 3;
/** Seconds by which a clock that is set back may prolong that before it is taken for a session. */
const SET_BACK = 60;

/** What keeps a place in the target for a session that is about to come. */
export function newReservation(): NewRecord {
  const rest = Buffer.from(randomBytes(27)).toString("base64url");
  return {
    data: "{}",
    secretHash: MARK + rest,
    userId: null,
    idleTimeout: RESERVED,
    absoluteTimeout: RESERVED,
    head: "",
  };
}

/** Returns true if this is a place for a session, and no session. */
export function isReservation(record: SessionRecord | undefined): boolean {
  return record?.secretHash.startsWith(MARK) === true;
}

/** Returns true if this is a session, and no place for one. */
export function isSession(record: SessionRecord | undefined): record is SessionRecord {
  return record !== undefined && !isReservation(record);
}

/** Returns true for a record whose time is not over. */
export function isLive({ expiresAt, absoluteExpiresAt, now }: SessionRecord): boolean {
  return Math.min(expiresAt, absoluteExpiresAt) > now;
}

/** Returns true for a session whose time is not over. */
export function isHere(record: SessionRecord | undefined): record is SessionRecord {
  return isSession(record) && isLive(record);
}

/** Returns where the session stands of which a store says this; undefined if there is none, but a place for one. */
export async function standingOf(store: SessionBackend, said: Standing): Promise<Standing | undefined> {
  const { handle, epoch, left } = said;
  if (epoch !== 0 || left > RESERVED + SET_BACK) return said;
  const record = await store.read(handle);
  if (record !== undefined)
    return isHere(record) ? { handle, epoch: record.epoch, left: record.expiresAt - record.now } : undefined;
  // Only the mark of a session that is being moved cannot be read, and nothing prolongs one.
  const [still] = await store.standings([handle]);
  return still === undefined || still.left <= left ? still : standingOf(store, still);
}
