import type { Environment } from "../../environment.ts";
import type { ScanOptions, ScanPage, SessionCount } from "../../record/contract.ts";
import { snapshot } from "../../record/record.ts";
import { afterIn } from "../_scan.ts";
import { LAST, lookedAt, pageOf } from "../_sql/page.ts";
import type { Row } from "../_sql/row.ts";
import type { Attempt } from "./count.ts";
import type { Statements } from "./statements.ts";

/** See `scan` of `SessionBackend`. */
export function scanPage(sql: Statements, options: ScanOptions, now: number): ScanPage {
  const { cursor, limit, userId, signedIn } = options;
  const after = afterIn(cursor);
  const page = (rows: unknown[], last: string | undefined): ScanPage => {
    const sessions = (rows as Row[]).map((row) => ({ handle: row.handle, record: snapshot(row, now) }));
    return pageOf(sessions, options, last);
  };
  if (userId !== undefined) return page(sql.scanUser.all(userId, after, now, limit), undefined);
  const end = sql.scanEnd.get(after, lookedAt(options) - 1) as Row | null | undefined;
  const asked = signedIn === undefined ? null : Number(signedIn);
  return page(sql.scan.all(after, end?.handle ?? LAST, now, asked, limit), end?.handle);
}

/** See `countAll` of `SessionBackend`: exact if it was counted in one go. */
export async function countAll(
  sql: Statements,
  { environment }: { readonly environment: Environment },
  attempt: Attempt,
): Promise<SessionCount> {
  const now = environment.now();
  const live = await sql.liveCount.after(now, environment, attempt);
  const users = await sql.userCount.after("", environment, attempt);
  const due = (await attempt(() => sql.countDueUsers.get(now))) as { readonly count: number };
  return {
    sessions: live.entries,
    signedIn: users.entries - Number(due.count),
    exact: live.pieces === 1 && users.pieces === 1,
  };
}
