import { ConfigError } from "../errors.ts";
import type { Awaitable, ScanOptions, ScanPage, SessionRecord, UserSession } from "../record/contract.ts";

/** Begins each cursor that is a handle: the next page has those after it. */
const AFTER = "after.";

/** Throws ConfigError `backend`: the store of this back-end cannot tell what it has. */
export function refuseScan(method: "scan" | "countAll"): never {
  const what = method === "scan" ? "list all of its sessions" : "count its sessions";
  throw new ConfigError(
    "backend",
    `This back-end cannot ${what}. Ask for those of one user, with { userId }, or keep sessions in a store that ` +
      "can: memory, SQLite, Redis, PostgreSQL, MySQL, D1 or Durable Objects. A back-end of yours can if it has this method.",
  );
}

/** Returns whether a key of a store is that of a session, and not of a list or of somebody else's. */
export function isHandle(key: string): boolean {
  return /^[\w-]{16}$/.test(key);
}

/** Returns the error for a text that is no cursor of this store. */
export function wrongCursor(problem = "This is no cursor of this store."): ConfigError {
  return new ConfigError("cursor", `${problem} Begin with the first page, without a cursor.`);
}

/** Returns the handle after which a page begins, "" for the first one. Throws ConfigError `cursor`. */
export function afterIn(cursor: string | undefined): string {
  if (cursor === undefined) return "";
  if (typeof cursor === "string" && cursor.startsWith(AFTER) && cursor.length > AFTER.length)
    return cursor.slice(AFTER.length);
  throw wrongCursor();
}

/** Returns a page of sessions in the order of their handles, of which the last one looked at is given if more may follow. */
export function pageAfter(sessions: readonly UserSession[], last: string | undefined): ScanPage {
  return { sessions, cursor: last === undefined ? undefined : AFTER + last };
}

/** Returns whether a record is a live session that is asked for. */
export function isAskedFor(
  record: SessionRecord | undefined,
  { userId, signedIn }: ScanOptions,
): record is SessionRecord {
  if (record === undefined || record.secretHash === "") return false;
  if (Math.min(record.expiresAt, record.absoluteExpiresAt) <= record.now) return false;
  if (userId !== undefined && record.userId !== userId) return false;
  return signedIn === undefined || (record.userId !== null) === signedIn;
}

/** Returns the page of these sessions, in any order, that begins after the cursor: for few, such as those of a user. */
export function pageOfFew(few: readonly UserSession[], options: ScanOptions): ScanPage {
  const after = afterIn(options.cursor);
  const rest = few
    .filter(({ handle, record }) => handle > after && isAskedFor(record, options))
    .sort((one, other) => (one.handle < other.handle ? -1 : 1));
  const sessions = rest.slice(0, options.limit);
  return pageAfter(sessions, rest.length > sessions.length ? sessions.at(-1)?.handle : undefined);
}

/** Returns a page of one user's sessions, all of which are listed for it. */
export async function pageOfUser(
  backend: { listByUser(userId: string): Awaitable<readonly UserSession[]> },
  userId: string,
  options: ScanOptions,
): Promise<ScanPage> {
  return pageOfFew(await backend.listByUser(userId), options);
}
