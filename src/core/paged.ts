import type { Awaitable, ScanPage, UserSession } from "../backends/backend.ts";
import { sleep } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { call } from "./call.ts";
import { headIn, isInRealm, lastSeenAt } from "./head.ts";
import type { Engine } from "./live.ts";
import { realmOfUser, storedUser } from "./realm.ts";
import type { Filter } from "./which.ts";

/** How many sessions are asked for at once when all are listed. */
const AT_ONCE = 200;
/** The most sessions of one page. */
const MOST = 1000;
/** How many pages of the store one page looks at, if most sessions are not asked for. */
const PAGES = 5;

/** How long a listing of all rests between two pages: so many times as long as the page took. */
const REST = 2;
/** And so many seconds at most. */
const LONGEST_REST = 1;

/** Where a page begins, and how many sessions it has. */
export interface PageOptions {
  /** The cursor of the page before. Default: the first page. */
  readonly cursor?: string | undefined;
  /** The most sessions of the page, 1 to 1000; default 50. */
  readonly limit?: number | undefined;
}

/** Which sessions to page through: those of one user, or those of a filter. */
export type Paged = Filter | { readonly userId: string };

interface Page {
  readonly sessions: readonly UserSession[];
  readonly cursor: string | undefined;
}

/** Returns one page of the live sessions of this realm. Throws ConfigError `limit`, `cursor`, `backend`; BackendError. */
export async function pageOf(
  engine: Engine,
  which: Paged,
  { cursor, limit = 50 }: PageOptions,
): Promise<Page> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new ConfigError("limit", `Pass a whole number from 1 to ${MOST}.`);
  if (cursor !== undefined && typeof cursor !== "string")
    throw new ConfigError("cursor", "Pass the text that the page before has as `cursor`.");
  const sessions = new Map<string, UserSession>();
  let next = cursor;
  for (let page = 0; page < PAGES; page++) {
    const found = await scan(engine, which, next, limit - sessions.size);
    for (const session of found.sessions)
      if (isMeant(engine, which, session)) sessions.set(session.handle, session);
    next = found.cursor;
    if (next === undefined || sessions.size >= limit) break;
  }
  return { sessions: [...sessions.values()], cursor: next };
}

/** Tells about all live sessions of this realm, page by page. Most of the time is left to the requests that use the store. */
export async function* allOf(engine: Engine, which: Paged): AsyncGenerator<UserSession> {
  const { environment } = engine;
  for (let cursor: string | undefined; ; ) {
    const asked = environment.now();
    const page = await scan(engine, which, cursor, AT_ONCE);
    const rest = Math.min(REST * Math.abs(environment.now() - asked), LONGEST_REST);
    for (const session of page.sessions) if (isMeant(engine, which, session)) yield session;
    cursor = page.cursor;
    if (cursor === undefined) return;
    // Also after a store that answers at once, or it would hold the event loop for all of them.
    await sleep(environment, rest);
  }
}

function scan(engine: Engine, which: Paged, cursor: string | undefined, limit: number): Awaitable<ScanPage> {
  if ("userId" in which)
    return call(engine, "scan", { cursor, limit, userId: storedUser(engine.options.realm, which.userId) });
  return call(engine, "scan", { cursor, limit, signedIn: which.signedIn });
}

/** Whatever else a store answers: sessions of other realms, or of other users. */
function isMeant({ options: { realm } }: Engine, which: Paged, { record }: UserSession): boolean {
  const { userId, secretHash, now } = record;
  if (secretHash === "" || Math.min(record.expiresAt, record.absoluteExpiresAt) <= now) return false;
  if (!isInRealm(record, realm) || (userId !== null && realmOfUser(userId) !== realm)) return false;
  if ("userId" in which) return userId === storedUser(realm, which.userId);
  if (which.signedIn !== undefined && (userId !== null) !== which.signedIn) return false;
  const head = headIn(record.head);
  // What cannot be read is reported as damaged.
  return which.idleFor === 0 || head === undefined || now - lastSeenAt(record, head) >= which.idleFor;
}
