import { createHmac } from "node:crypto";
import type { SessionRecord, WholeRecord } from "../../backends/backend.ts";
import { decoded, encode } from "../../core/codec.ts";
import { Damaged } from "../../core/damage.ts";
import { deviceIn, withDevice } from "../../core/device-in-head.ts";
import { headIn, headText, recall, remember } from "../../core/head.ts";
import { plainUser, realmOfUser, storedUser } from "../../core/realm.ts";
import { createToken } from "../../core/token.ts";

/** What the copy of a session is to have of it. */
export interface Disguise {
  /** Keys of the data, at any depth, whose values are left out; "*" stands for all. */
  readonly redact: ReadonlySet<string>;
  /** What pseudonyms are made with; undefined to keep the ids of users and the addresses of devices. */
  readonly pseudonyms: string | undefined;
  /** Whether the cookies that open the session open its copy too. */
  readonly sameCookies: boolean;
}

/** What stands in a list of sessions, and is none: locks, lists of events, a place that is kept for a session that comes. */
type NoSession = "no session";

/**
 * Returns what is stored of a copy; undefined if the record cannot be read. Without `sameCookies`, it has a secret that nobody knows,
 * and nothing of those that the session had before, nor of what binds it to its browser. Nobody's lock is copied.
 */
export function disguised(record: SessionRecord, disguise: Disguise): WholeRecord | NoSession | undefined {
  const { redact, pseudonyms, sameCookies } = disguise;
  let head = headIn(record.head);
  if (record.secretHash.includes(".")) return "no session";
  if (head === undefined || record.secretHash === "") return undefined;
  const { realm = "", pending } = recall(head);
  if (realm === " " || pending === true) return "no session";
  if (!sameCookies) head = remember(head, { retired: undefined, bound: undefined });
  const { address: _, name: __, ...device } = deviceIn(head) ?? {};
  if (pseudonyms !== undefined) head = withDevice(head, device);
  try {
    return {
      ...record,
      data: redact.size === 0 ? record.data : encode(Object(redacted(decoded(record.data), redact))),
      head: headText(head),
      userId: pseudonyms === undefined ? record.userId : pseudonym(record.userId, pseudonyms),
      ...(sameCookies ? {} : strangeSecret()),
      fence: 0,
      lockedUntil: 0,
    };
  } catch (error) {
    if (error instanceof Damaged) return undefined;
    throw error;
  }
}

function strangeSecret(): Pick<
  SessionRecord,
  "secretHash" | "previousSecretHash" | "previousEpoch" | "previousUntil"
> {
  const { secretHash } = createToken("");
  return { secretHash, previousSecretHash: null, previousEpoch: 0, previousUntil: 0 };
}

/** The same user has the same one, in each copy that is made with the same text. */
function pseudonym(stored: string | null, text: string): string | null {
  const user = plainUser(stored);
  if (stored === null || user === null) return null;
  const name = createHmac("sha256", text).update(stored).digest("base64url").slice(0, 16);
  return storedUser(realmOfUser(stored), `user-${name}`);
}

/** Returns a value in which what the keys have is blank. */
function redacted(value: unknown, keys: ReadonlySet<string>): unknown {
  const inside = ([key, each]: readonly [unknown, unknown]): [unknown, unknown] => {
    const isMeant = keys.has("*") || (typeof key === "string" && keys.has(key));
    return [key, isMeant ? blank(each) : redacted(each, keys)];
  };
  if (Array.isArray(value)) return value.map((each) => redacted(each, keys));
  if (value instanceof Map) return new Map(Array.from(value, inside));
  if (value instanceof Set) return new Set(Array.from(value, (each) => redacted(each, keys)));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(inside));
}

/** Returns a value of the same kind that says nothing, so that the application can go on with it. */
function blank(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return "[redacted]";
    case "number":
      return 0;
    case "bigint":
      return 0n;
    case "boolean":
      return false;
    default:
      break;
  }
  if (value === undefined || value === null) return value;
  if (Array.isArray(value)) return [];
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  if (value instanceof Date) return new Date(0);
  return isPlain(value) ? {} : "[redacted]";
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
