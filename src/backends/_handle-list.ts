import type { Awaitable, ScanOptions, ScanPage, SessionData, UserSession } from "../record/contract.ts";
import { snapshot } from "../record/record.ts";
import { fromDictionary } from "./_dictionary.ts";
import { afterIn, isAskedFor, pageAfter } from "./_scan.ts";

/** A back-end of two methods. */
interface Loadable {
  load(id: string): Awaitable<SessionData | null | undefined>;
  now(): number;
}

/** How many sessions are read at a time. */
const AT_ONCE = 20;
/** How many sessions a page looks at. */
const LOOKED_AT = 500;

/**
 * Pages through a store that only tells all of its handles at once: they are asked for with each page, and what the page needs is
 * read one by one.
 */
export async function pageOfHandles(
  backend: Loadable,
  handles: readonly string[],
  options: ScanOptions,
): Promise<ScanPage> {
  const after = afterIn(options.cursor);
  const rest = [...new Set(handles)].filter((handle) => handle > after).sort();
  const sessions: UserSession[] = [];
  for (let at = 0; at < rest.length; at += AT_ONCE) {
    if (at >= LOOKED_AT) return pageAfter(sessions, rest[at - 1]);
    const some = rest.slice(at, at + AT_ONCE);
    const loaded = await Promise.all(some.map((handle) => backend.load(handle)));
    for (const [n, dictionary] of loaded.entries()) {
      const stored = fromDictionary(dictionary);
      const record = stored && snapshot(stored, backend.now());
      if (isAskedFor(record, options)) sessions.push({ handle: some[n]!, record });
      if (sessions.length === options.limit) return pageAfter(sessions, some[n]);
    }
  }
  return pageAfter(sessions, undefined);
}
