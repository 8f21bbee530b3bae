import type { ScanOptions, ScanPage, SessionCount } from "../../record/contract.ts";
import { afterIn } from "../_scan.ts";
import { lookedAt, pageOf } from "../_sql/page.ts";
import type { Run } from "./client.ts";
import { toSession } from "./row.ts";
import type { Statements } from "./statements.ts";

/** Up to how many pages of the table are all read to count, and how many are read of a larger one: about 30 ms of work. */
const PAGES = 5000;

/** See `scan` of `SessionBackend`: each page is one statement. */
export async function scanPage(run: Run, sql: Statements, options: ScanOptions): Promise<ScanPage> {
  const { cursor, limit, userId, signedIn } = options;
  const after = afterIn(cursor);
  if (userId !== undefined) {
    const values = [userId, after, limit];
    return run(sql.scanUser, values, ({ rows }) => pageOf(rows.map(toSession), options, undefined));
  }
  const asked = signedIn === undefined ? null : Number(signedIn);
  return run(sql.scan, [after, lookedAt(options) - 1, asked, limit], ({ rows }) => {
    const found = rows.filter(([data]) => data !== null);
    const end = rows.find(([data]) => data === null);
    return pageOf(found.map(toSession), options, end?.[4] as string | undefined);
  });
}

/** See `countAll` of `SessionBackend`: a large table is estimated from some of its pages. */
export async function countAll(run: Run, sql: Statements): Promise<SessionCount> {
  const pages = await run(sql.size, [], ({ rows }) => Number(rows[0]?.[0]));
  const share = Math.min(1, PAGES / pages);
  const exact = share === 1;
  const values = exact ? [] : [share * 100];
  return run(exact ? sql.count : sql.estimate, values, ({ rows }) => {
    const [sessions = 0, signedIn = 0] = (rows[0] ?? []).map((count) => Math.round(Number(count) / share));
    return { sessions, signedIn, exact };
  });
}
