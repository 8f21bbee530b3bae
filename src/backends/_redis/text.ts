import type { SessionRecord } from "../../record/contract.ts";
import { mergeData, objectIn } from "../../record/data.ts";
import { illegible, type StoredRecord } from "../../record/record.ts";
import { MOVED } from "./script.ts";

/*
 * A session is one text, so that a plain GET reads it and one SET stores it. It begins with fields of a fixed length, by which
 * a script finds its way without taking the text apart:
 *
 *   12 version | 8 epoch | 14 nonce of the last patch | 13 idle deadline | 13 absolute deadline | 13 told | 13 till
 *
 * then `hash previousHash previousEpoch previousUntil fence lockedUntil lockNonce nonces`, a line end, the user's id as JSON
 * or nothing, a line end, the head, NUL, and the data. What was merged into the data since follows, each after a NUL: an
 * object of members to set, or a list of keys to remove.
 *
 * Times are milliseconds on the server's clock; the key itself expires at the idle deadline. The index was told of the
 * session at `told`, and is sure to name it until `till`; both are dashes for a session without a user, as is a missing
 * hash. The nonces are those of the last patches that required a version, and of what these replaced,
 * "nonce:second;" each.
 */

/** Where the fields of a fixed length end. */
const FIXED = 86;

/** Ends the head, and the data if changes follow. No JSON text contains it. */
export const END = "\u0000";

/** Begins a head that is stored as JSON, because it has an END of its own. */
const QUOTED = "\u0001";

/** The latest time that fits, in the year 2286. */
const LATEST = 9_999_999_999_999;

/** Returns the record in a text, read at this time, also of one that was moved out. A damaged one is illegible. */
export function recordIn(text: string, now: number): SessionRecord {
  const line = text.indexOf("\n", FIXED);
  const userEnd = text.indexOf("\n", line + 1);
  const headEnd = text.indexOf(END, userEnd + 1);
  const version = +text.slice(text.startsWith(MOVED) ? 1 : 0, 12);
  const expiresAt = +text.slice(34, 47);
  const absoluteExpiresAt = +text.slice(47, 60);
  const userId = userEnd - line === 1 ? null : stringIn(text.slice(line + 1, userEnd));
  const isWhole = line > 0 && userEnd > 0 && headEnd > 0 && userId !== undefined;
  if (!(isWhole && version > 0 && expiresAt > 0 && absoluteExpiresAt > 0)) return illegible(now);
  const [hash, previous, previousEpoch, previousUntil] = text.slice(FIXED, line).split(" ", 4);
  return {
    data: dataIn(text, headEnd + 1),
    secretHash: hash === "-" ? "" : hash!,
    previousSecretHash: previous === "-" ? null : previous!,
    previousEpoch: +previousEpoch!,
    previousUntil: +previousUntil! / 1000,
    epoch: +text.slice(12, 20),
    version,
    expiresAt: expiresAt / 1000,
    absoluteExpiresAt: absoluteExpiresAt / 1000,
    userId,
    head: headIn(text.slice(userEnd + 1, headEnd)),
    now,
  };
}

/** Returns the record with its lock, also of one that was moved out; undefined if it is damaged or has expired. */
export function storedIn(text: string, now: number): StoredRecord | undefined {
  const { now: _, ...record } = recordIn(text, now);
  if (record.version === 0 || record.expiresAt <= now) return undefined;
  const [fence, lockedUntil] = text.slice(FIXED, text.indexOf("\n", FIXED)).split(" ").slice(4);
  return { ...record, fence: +fence!, lockedUntil: +lockedUntil! / 1000 };
}

/** Returns the data, with what was merged into them since; as they are, and no JSON, if any of it is damaged. */
function dataIn(text: string, start: number): string {
  const end = text.indexOf(END, start);
  const stored = text.slice(start);
  if (end < 0) return stored;
  const [data = "", ...merged] = stored.split(END);
  const set = new Map<string, string>();
  const unset = new Set<string>();
  for (const each of merged) {
    const members = objectIn(each);
    const keys = members === undefined ? keysIn(each) : [];
    if (keys === undefined) return stored;
    for (const key of keys) {
      set.delete(key);
      unset.add(key);
    }
    for (const [key, value] of Object.entries(members ?? {})) set.set(key, JSON.stringify(value));
  }
  return mergeData(data, { set, unset: [...unset] }) ?? stored;
}

function keysIn(text: string): string[] | undefined {
  try {
    const keys: unknown = JSON.parse(text);
    return Array.isArray(keys) ? keys.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns how a text begins whose record has this version and epoch. */
export function startOf(version: number, epoch: number): string {
  return String(version).padStart(12, "0") + String(epoch).padStart(8, "0");
}

/** Returns a time as the scripts take it. */
export function moment(seconds: number): number {
  return Math.min(Math.round(seconds * 1000), LATEST);
}

/** Returns a time as it is in a text. */
export function timeText(seconds: number): string {
  return String(moment(seconds)).padStart(13, "0");
}

/** Returns a length of time as the scripts take it: never a shorter one. */
export function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), LATEST);
}

/** Returns a head as it is stored. */
export function headText(head: string): string {
  return head.includes(END) || head.startsWith(QUOTED) ? QUOTED + JSON.stringify(head) : head;
}

function headIn(stored: string): string {
  return stored.startsWith(QUOTED) ? (stringIn(stored.slice(1)) ?? stored) : stored;
}

/** Returns a string that is stored as JSON, as users' ids are; undefined if it is damaged. */
export function stringIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether the texts of a record fit: the hashes have no spaces and the numbers are not too long, like all that the engine makes. */
export function fits({ secretHash, previousSecretHash, version, epoch }: StoredRecord): boolean {
  const isPlain = /^\S{2,}$/.test(secretHash) && /^(\S{2,})?$/.test(previousSecretHash ?? "");
  return isPlain && version < 1e12 && epoch < 1e8;
}
