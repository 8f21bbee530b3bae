import type { SessionRecord } from "../../record/contract.ts";
import type { StoredRecord } from "../../record/record.ts";
import { TICKS } from "./expiry.ts";

/**
 * What seldom changes of a session. All that were never signed in, rotated or locked, and have the same head, share one
 * of these.
 */
export type More = Readonly<
  Omit<StoredRecord, "data" | "secretHash" | "version" | "expiresAt" | "absoluteExpiresAt">
>;

/** Bytes of an entry besides its texts: the object, its place in the map, the headers of the texts. */
const OVERHEAD = 256;
/** Bytes of a `more` that is not shared, and of its place in the index of users. */
const OVERHEAD_OF_MORE = 250;

/** One stored session. It has few fields, because there may be millions. */
export class Entry {
  readonly handle: string;
  data: string;
  secretHash: string;
  version: number;
  /** In ticks, and so is `absolute`. */
  expires: number;
  absolute: number;
  more: More;
  previous: Entry | null = null;
  next: Entry | null = null;
  older: Entry | null = null;
  newer: Entry | null = null;

  constructor(handle: string, record: StoredRecord, expires: number, absolute: number) {
    this.handle = detached(handle);
    this.data = record.data;
    this.secretHash = detached(record.secretHash);
    this.version = record.version;
    this.expires = expires;
    this.absolute = absolute;
    this.more = moreOf(record);
  }
}

/** Returns about how many bytes of memory an entry takes. */
export function bytesOf({ data, more }: Entry): number {
  const rest = isPlain(more) ? 0 : OVERHEAD_OF_MORE + (more.userId?.length ?? 0);
  return OVERHEAD + data.length + more.head.length + rest;
}

/** Returns the record of an entry; `origin` is the time from which its ticks are counted. */
export function recordOf(entry: Entry, origin: number): StoredRecord {
  const { data, secretHash, version, more, expires, absolute } = entry;
  const expiresAt = origin + expires / TICKS;
  const absoluteExpiresAt = origin + absolute / TICKS;
  return { ...more, data, secretHash, version, expiresAt, absoluteExpiresAt };
}

/** Returns the same as `read` does. Called at each request, so it makes one object. */
export function readOf(
  { data, secretHash, version, more, expires, absolute }: Entry,
  origin: number,
  now: number,
): SessionRecord {
  return {
    data,
    secretHash,
    previousSecretHash: more.previousSecretHash,
    previousEpoch: more.previousEpoch,
    previousUntil: more.previousUntil,
    epoch: more.epoch,
    version,
    expiresAt: origin + expires / TICKS,
    absoluteExpiresAt: origin + absolute / TICKS,
    userId: more.userId,
    head: more.head,
    now,
  };
}

/** The last ones, because most sessions have the same. */
let lastHead = "";
let lastPlain: More | undefined;

/** Returns what a record has besides the fields of an entry. */
export function moreOf(record: More): More {
  if (isPlain(record) && record.head === lastPlain?.head) return lastPlain;
  if (record.head !== lastHead) lastHead = detached(record.head);
  const { previousSecretHash, previousEpoch, previousUntil, epoch, fence, lockedUntil } = record;
  const userId = record.userId === null ? null : detached(record.userId);
  const head = lastHead;
  const more = { previousSecretHash, previousEpoch, previousUntil, epoch, userId, head, fence, lockedUntil };
  if (isPlain(more)) lastPlain = more;
  return more;
}

function isPlain({ previousSecretHash, epoch, userId, fence }: More): boolean {
  return previousSecretHash === null && epoch === 0 && userId === null && fence === 0;
}

/**
 * Returns a copy that shares nothing: a string cut out of another (a cookie header, a request body) would keep all of
 * that in memory for as long as the session lives.
 */
function detached(text: string): string {
  if (text.length > 1024) return text;
  const units = new Array<number>(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return String.fromCharCode(...units);
}
