import type { SqlValue } from "../_sql/row.ts";
import type { Database } from "./database.ts";
import type { MysqlQuery } from "./like.ts";
import type { Statements } from "./statements.ts";

/** How many handles a statement takes: few sizes, because each is prepared on each connection. */
const SIZES = [1, 8, 64, 512, 4096] as const;

/**
 * Ends those of the records that meet the claim's conditions, and returns exactly which. MySQL has no DELETE … RETURNING,
 * so one statement claims them, which ends all of them or none; then they are deleted.
 */
export async function removeThose(
  db: Database,
  sql: Statements,
  handles: readonly string[],
  claim: (handles: number) => MysqlQuery,
  conditions: SqlValue[] = [],
): Promise<string[]> {
  const ended: string[] = [];
  for (let start = 0; start < handles.length; start += SIZES[4]) {
    const some = handles.slice(start, start + SIZES[4]);
    const places = padded(some);
    const size = places.length;
    const claimedBy = crypto.randomUUID();
    const { affectedRows } = await db.write(claim(size), [claimedBy, ...places, ...conditions]);
    if (affectedRows === 0) continue;
    if (affectedRows === some.length) ended.push(...some);
    else {
      const claimed = await db.rows<{ handle: string }>(sql.selectClaimed(size), [...places, claimedBy]);
      ended.push(...claimed.map(({ handle }) => handle));
    }
    // They have ended whether this succeeds or not: what is left of them is deleted with the expired records.
    await db.write(sql.removeClaimed(size), [...places, claimedBy]).catch(() => {});
  }
  return ended;
}

/** Returns these handles, at most 4096, the first one repeated up to one of the sizes that statements have. */
export function padded(handles: readonly string[]): string[] {
  const length = SIZES.find((size) => size >= handles.length) ?? SIZES[4];
  return Array.from({ length }, (_, index) => handles[index] ?? handles[0]!);
}
