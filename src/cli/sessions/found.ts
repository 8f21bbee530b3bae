import type { ListedSession } from "../../core/listed.ts";
import type { Sessions } from "../../core/sessions.ts";
import type { Filter } from "./filter.ts";

/** How many sessions are asked for at once. */
const AT_ONCE = 500;

/** Some sessions that are meant. */
export interface FoundPage {
  readonly sessions: readonly ListedSession[];
  /** How many the store told of. */
  readonly looked: number;
  /** Where more may be. */
  readonly cursor: string | undefined;
}

interface Bounds {
  readonly limit?: number;
  readonly cursor?: string | undefined;
}

/** Looks for the sessions that are meant, page by page, until there are `limit` of them. A session may come twice. */
export async function* pagesOf(
  sessions: Sessions,
  filter: Filter,
  bounds: Bounds = {},
): AsyncGenerator<FoundPage> {
  let { limit = Number.POSITIVE_INFINITY, cursor } = bounds;
  const listing = sessions.list(filter.which);
  for (;;) {
    const page = await listing.page({ cursor, limit: filter.isWhole ? Math.min(AT_ONCE, limit) : AT_ONCE });
    const now = sessions.backend.now();
    const meant = page.sessions.filter((session) => filter.matches(session, now)).slice(0, limit);
    limit -= meant.length;
    cursor = page.cursor;
    yield { sessions: meant, looked: page.sessions.length, cursor };
    if (cursor === undefined || limit <= 0) return;
  }
}

/** Returns about how many sessions the store looks at for a filter; undefined if it cannot tell. */
export async function totalOf(sessions: Sessions, { which }: Filter): Promise<number | undefined> {
  if ("userId" in which || "handle" in which) return undefined;
  try {
    const count = await sessions.count();
    const { signedIn } = which;
    if (signedIn === undefined) return count.sessions;
    if (count.signedIn === undefined) return undefined;
    return signedIn ? count.signedIn : count.sessions - count.signedIn;
  } catch {
    // What it says about that comes with the list.
    return undefined;
  }
}
