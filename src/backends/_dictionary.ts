import type { NewRecord, SessionData } from "../record/contract.ts";
import { dataText, objectIn } from "../record/data.ts";
import { newRecord, type StoredRecord } from "../record/record.ts";

/** The one member of a stored dictionary that is not session data. */
const BOOKKEEPING = "micropie";

/** Stands for a dictionary that a bridge stored and cannot read any more. */
export const DAMAGED: SessionData = Object.freeze({ [BOOKKEEPING]: null });

const TEXTS = ["secretHash", "head"] as const;
const TEXTS_OR_NULL = ["previousSecretHash", "userId"] as const;
const COUNTS = ["previousEpoch", "epoch", "version", "fence"] as const;
const TIMES = ["previousUntil", "expiresAt", "absoluteExpiresAt", "lockedUntil"] as const;
const MEMBERS = [...TEXTS, ...TEXTS_OR_NULL, ...COUNTS, ...TIMES] as const;

/**
 * Returns the record as a dictionary for `load` and `save`: the session's keys at the top level, everything else under
 * "micropie". A key that is itself "micropie", or whose value contains `__proto__` (which careless copying loses), is
 * kept as text among the latter. Damaged data becomes DAMAGED.
 */
export function toDictionary(record: StoredRecord): SessionData {
  const dictionary: SessionData | undefined = objectIn(record.data);
  if (dictionary === undefined) return DAMAGED;
  const bookkeeping: Record<string, unknown> = {};
  for (const name of MEMBERS) bookkeeping[name] = record[name];
  if (record.data.includes("__proto__") || Object.hasOwn(dictionary, BOOKKEEPING)) {
    const rest = new Map<string, string>();
    for (const [key, value] of Object.entries(dictionary)) {
      const text = JSON.stringify(value);
      if (key !== BOOKKEEPING && key !== "__proto__" && !text.includes('"__proto__"')) continue;
      rest.set(key, text);
      delete dictionary[key];
    }
    if (rest.size > 0) bookkeeping.rest = dataText(rest);
  }
  dictionary[BOOKKEEPING] = bookkeeping;
  return dictionary;
}

/** Returns the record in a dictionary, or undefined if it is not one made by `toDictionary`. */
export function fromDictionary(dictionary: unknown): StoredRecord | undefined {
  if (!isDictionary(dictionary) || !Object.hasOwn(dictionary, BOOKKEEPING)) return undefined;
  const { [BOOKKEEPING]: kept, ...flat } = dictionary;
  if (!isDictionary(kept) || !isBookkeeping(kept)) return undefined;
  let data = JSON.stringify(flat);
  if (kept.rest !== undefined) {
    if (!isObjectText(kept.rest)) return undefined;
    data = data === "{}" ? kept.rest : `${data.slice(0, -1)},${kept.rest.slice(1)}`;
  }
  const record: Record<string, unknown> = { data };
  for (const name of MEMBERS) record[name] = kept[name];
  return record as unknown as StoredRecord;
}

/** Returns true for what was stored as a record and is none any more. A dictionary that never was one is something else. */
export function isDamaged(there: unknown): boolean {
  if (there === undefined || there === null || fromDictionary(there) !== undefined) return false;
  return !isDictionary(there) || Object.hasOwn(there, BOOKKEEPING);
}

/**
 * Returns the record that `save` of a built-in back-end stores: the one in the dictionary, living at most `timeout`
 * seconds; or, for any other dictionary, a record with an empty hash, which no cookie matches and `read` ignores.
 */
export function restored(dictionary: SessionData, timeout: number, now: number): StoredRecord {
  const record = fromDictionary(dictionary);
  if (record !== undefined) return { ...record, expiresAt: Math.min(record.expiresAt, now + timeout) };
  return newRecord(plainRecord(dictionary, timeout), now);
}

/** Returns a new record for a dictionary that is no session. */
export function plainRecord(dictionary: SessionData, timeout: number): NewRecord {
  const data = JSON.stringify(dictionary);
  return { data, secretHash: "", userId: null, idleTimeout: timeout, absoluteTimeout: timeout, head: "" };
}

/** Returns what `load` of a built-in back-end returns for a live record: the reverse of `restored`. */
export function dictionaryOf(record: StoredRecord): SessionData {
  return record.secretHash === "" ? (objectIn(record.data) ?? DAMAGED) : toDictionary(record);
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isBookkeeping(kept: Record<string, unknown>): boolean {
  return (
    kept.secretHash !== "" &&
    TEXTS.every((name) => typeof kept[name] === "string") &&
    TEXTS_OR_NULL.every((name) => kept[name] === null || typeof kept[name] === "string") &&
    COUNTS.every((name) => Number.isSafeInteger(kept[name])) &&
    TIMES.every((name) => Number.isFinite(kept[name]))
  );
}

function isObjectText(text: unknown): text is string {
  return typeof text === "string" && text.startsWith("{") && Object.keys(objectIn(text) ?? {}).length > 0;
}
