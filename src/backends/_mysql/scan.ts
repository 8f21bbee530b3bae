import type { ScanOptions, ScanPage, SessionCount } from "../../record/contract.ts";
import { afterIn } from "../_scan.ts";
import { LAST, LOOKED_AT, pageOf } from "../_sql/page.ts";
import type { SqlValue } from "../_sql/row.ts";
import type { Database } from "./database.ts";
import { type LiveRow, seen } from "./row.ts";
import type { Statements } from "./statements.ts";

/** Up to how many sessions are all looked at to tell how many have a user, and how many of more. */
const FEW = 50_000;

/** See `scan` of `SessionBackend`. `user`: what `userId` is for a statement. */
export async function scanPage(
  db: Database,
  sql: Statements,
  options: ScanOptions,
  user: SqlValue[] | undefined,
): Promise<ScanPage> {
  const { cursor, limit, signedIn } = options;
  const after = afterIn(cursor);
  const most = Math.min(limit, LOOKED_AT);
  if (user !== undefined) {
    const rows = await db.rows<LiveRow>(sql.scanUser(most), [...user, after]);
    return pageOf(rows.map(seen), { ...options, limit: most }, undefined);
  }
  const [end] = await db.rows<{ handle: string }>(sql.scanEnd, [after]);
  const asked = signedIn === undefined ? null : Number(signedIn);
  const rows = await db.rows<LiveRow>(sql.scan(most), [after, end?.handle ?? LAST, asked]);
  return pageOf(rows.map(seen), options, end?.handle);
}

/** See `countAll` of `SessionBackend`: of many sessions, how many have a user is estimated from some of them. */
export async function countAll(db: Database, sql: Statements): Promise<SessionCount> {
  const [all] = await db.rows<Counted>(sql.count);
  const [some] = await db.rows<Counted>(sql.countUsers(FEW));
  const { sessions, signedIn } = some!;
  if (sessions < FEW) return { sessions, signedIn, exact: true };
  return {
    sessions: all!.sessions,
    signedIn: Math.round((all!.sessions * signedIn) / sessions),
    exact: false,
  };
}

interface Counted {
  readonly sessions: number;
  readonly signedIn: number;
}
