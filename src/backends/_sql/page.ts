import type { ScanOptions, ScanPage, UserSession } from "../../record/contract.ts";
import { isAskedFor, pageAfter } from "../_scan.ts";

/** How many records a page looks at: some milliseconds of work, also if few of them are asked for. */
export const LOOKED_AT = 2000;

/** After every handle. */
export const LAST = "~";

/** Returns how many records the page of a scan looks at. */
export function lookedAt({ limit }: ScanOptions): number {
  return Math.max(limit, LOOKED_AT);
}

/** Returns the page with these sessions, of which `last` was the last record looked at, if more follow. */
export function pageOf(
  sessions: readonly UserSession[],
  options: ScanOptions,
  last: string | undefined,
): ScanPage {
  const asked = sessions.filter(({ record }) => isAskedFor(record, options));
  return pageAfter(asked, sessions.length < options.limit ? last : sessions.at(-1)?.handle);
}
