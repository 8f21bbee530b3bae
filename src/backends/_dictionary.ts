import { dataText } from "./_data.ts";
import { newRecord, type StoredRecord } from "./_record.ts";
import type { SessionData } from "./backend.ts";

/** The one member of a stored dictionary that is not session data. */
const BOOKKEEPING = "micropie";

const COUNTS = ["previousEpoch", "epoch", "version", "fence"] as const;
const TIMES = [
  "previousUntil",
  "createdAt",
  "expiresAt",
  "absoluteExpiresAt",
  "idleTimeout",
  "lockedUntil",
] as const;

/**
 * The record as the dictionary that `load` and `save` speak of: session keys flat, everything else under "micropie".
 * A key that is itself "micropie", or that holds a `__proto__` anywhere (which careless copying loses), is kept as
 * text in the bookkeeping.
 */
export function toDictionary(record: StoredRecord): SessionData {
  const { data, ...bookkeeping } = plain(record);
  const dictionary: SessionData = JSON.parse(data);
  const rest = new Map<string, string>();
  if (data.includes("__proto__") || Object.hasOwn(dictionary, BOOKKEEPING)) {
    for (const [key, value] of Object.entries(dictionary)) {
      const text = JSON.stringify(value);
      if (key !== BOOKKEEPING && key !== "__proto__" && !text.includes('"__proto__"')) continue;
      rest.set(key, text);
      delete dictionary[key];
    }
  }
  dictionary[BOOKKEEPING] = rest.size === 0 ? bookkeeping : { ...bookkeeping, rest: dataText(rest) };
  return dictionary;
}

/** The record in a dictionary, or undefined if it holds none that we wrote. */
export function fromDictionary(dictionary: unknown): StoredRecord | undefined {
  if (!isDictionary(dictionary) || !Object.hasOwn(dictionary, BOOKKEEPING)) return undefined;
  const { [BOOKKEEPING]: kept, ...flat } = dictionary;
  if (!isDictionary(kept) || !isBookkeeping(kept)) return undefined;
  let data = JSON.stringify(flat);
  if (kept.rest !== undefined) {
    if (!isObjectText(kept.rest)) return undefined;
    data = data === "{}" ? kept.rest : `${data.slice(0, -1)},${kept.rest.slice(1)}`;
  }
  return { ...plain(kept as unknown as StoredRecord), data };
}

/**
 * The record that `save` of a built-in back-end keeps: the one in the dictionary, living at most `timeout` seconds;
 * or, for any other dictionary, one with an empty hash, which no cookie can match and `read` does not answer.
 */
export function restored(dictionary: SessionData, timeout: number, now: number): StoredRecord {
  const record = fromDictionary(dictionary);
  if (record !== undefined) return { ...record, expiresAt: Math.min(record.expiresAt, now + timeout) };
  const lifetime = { idleTimeout: timeout, absoluteTimeout: timeout, persistent: false };
  return newRecord({ data: JSON.stringify(dictionary), secretHash: "", userId: null, ...lifetime }, now);
}

/** What `load` of a built-in back-end answers for a live record: the reverse of `restored`. */
export function dictionaryOf(record: StoredRecord): SessionData {
  return record.secretHash === "" ? JSON.parse(record.data) : toDictionary(record);
}

function plain(record: StoredRecord): StoredRecord {
  return {
    data: record.data,
    secretHash: record.secretHash,
    previousSecretHash: record.previousSecretHash,
    previousEpoch: record.previousEpoch,
    previousUntil: record.previousUntil,
    epoch: record.epoch,
    version: record.version,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
    idleTimeout: record.idleTimeout,
    persistent: record.persistent,
    userId: record.userId,
    fence: record.fence,
    lockedUntil: record.lockedUntil,
  };
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isBookkeeping(kept: Record<string, unknown>): boolean {
  return (
    typeof kept.secretHash === "string" &&
    kept.secretHash !== "" &&
    (kept.previousSecretHash === null || typeof kept.previousSecretHash === "string") &&
    (kept.userId === null || typeof kept.userId === "string") &&
    typeof kept.persistent === "boolean" &&
    COUNTS.every((name) => Number.isSafeInteger(kept[name])) &&
    TIMES.every((name) => Number.isFinite(kept[name]))
  );
}

function isObjectText(text: unknown): text is string {
  if (typeof text !== "string" || !text.startsWith("{")) return false;
  try {
    return Object.keys(JSON.parse(text)).length > 0;
  } catch {
    return false;
  }
}
