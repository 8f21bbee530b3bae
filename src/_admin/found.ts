import { setImmediate as breathe } from "node:timers/promises";
import type { ListedPage, ListedSession } from "../core/listed.ts";
import { ConfigError } from "../errors.ts";
import type { Desk } from "./desk.ts";
import { deviceText } from "./words.ts";

/** Sessions of one page of a list. */
const PAGE = 50;
/** How many sessions a search looks at for one page. */
const LOOKED_AT = 2000;
const AT_ONCE = 200;
const PAGES = 40;

/** Which live sessions are asked for. */
export interface Wanted {
  readonly device: string;
  readonly signedIn: boolean | undefined;
  /** Seconds. */
  readonly idleFor: number | undefined;
  readonly cursor: string | undefined;
}

/** Some live sessions. */
export interface Found extends ListedPage {
  /** How many sessions were looked at to find them. */
  readonly lookedAt: number;
}

/** Returns a page of live sessions. What it reads is bounded. Throws as `list` does. */
export async function found({ sessions }: Desk, { device, cursor, ...filter }: Wanted): Promise<Found> {
  const list = sessions.list(filter);
  if (device === "") {
    const page = await list.page({ cursor, limit: PAGE });
    return { ...page, lookedAt: page.sessions.length };
  }
  const all = new Map<string, ListedSession>();
  let next = cursor;
  let lookedAt = 0;
  let pages = 0;
  do {
    const page = await list.page({ cursor: next, limit: AT_ONCE });
    lookedAt += page.sessions.length;
    // Those of a store that is slow to find live ones may be empty.
    pages += 1;
    for (const session of page.sessions)
      if (isOf(session, device.toLowerCase())) all.set(session.handle, session);
    next = page.cursor;
    // A store in this process answers at once, and requests are waiting.
    await breathe();
  } while (next !== undefined && all.size < PAGE && lookedAt < LOOKED_AT && pages < PAGES);
  return { sessions: [...all.values()], cursor: next, lookedAt };
}

function isOf({ device }: ListedSession, text: string): boolean {
  const { userAgent, address } = device;
  return [deviceText(device), userAgent, address].some((each) => each?.toLowerCase().includes(text));
}

/** The most sessions of one user that a page shows. */
export const OF_USER = 200;

/** Returns the live sessions of a user, bounded. Throws BackendError. */
export async function ofUser(
  { sessions }: Desk,
  userId: string,
  cursor: string | undefined,
): Promise<ListedPage> {
  const list = sessions.list({ userId });
  try {
    return await list.page({ cursor, limit: OF_USER });
  } catch (error) {
    if (!cannotScan(error)) throw error;
    return { sessions: (await list.toArray()).slice(0, OF_USER), cursor: undefined };
  }
}

/** Returns whether the store has said that it cannot list all of its sessions. */
export function cannotScan(error: unknown): error is ConfigError {
  return error instanceof ConfigError && error.option === "backend";
}
