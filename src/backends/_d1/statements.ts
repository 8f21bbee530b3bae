import { LOCK_SLACK } from "../../record/record.ts";
import { COLUMNS, RECORD } from "../_sql/row.ts";

/** The database's own clock, because a Worker's stands still while it computes. */
const NOW = "unixepoch('subsec')";

/** The columns that hold a moment. */
const TIMES: readonly string[] = ["previous_until", "expires_at", "absolute_expires_at", "locked_until"];

/** Returns the moment that is so many seconds away; 0 for 0, which is none. */
function fromNow(seconds: string): string {
  return `iif(${seconds} = 0, 0, ${NOW} + ${seconds})`;
}

/** All statements of the back-end. Each is one atomic step. */
export interface Statements {
  readonly select: string;
  readonly selectUser: string;
  readonly selectStandings: string;
  readonly insert: string;
  readonly replace: string;
  readonly restore: string;
  readonly store: string;
  readonly rotate: string;
  readonly touch: string;
  readonly remove: string;
  readonly removeUser: string;
  readonly removeDue: string;
  readonly lock: string;
  readonly relock: string;
  readonly removeMany: string;
  readonly adopt: string;
  readonly substitute: string;
  readonly moveOut: string;
  readonly scanEnd: string;
  readonly scan: string;
  readonly scanUser: string;
  readonly count: string;
}

export function statements(name: string): Statements {
  const table = `"${name}"`;
  const all = COLUMNS.join(", ");
  const fresh = `(${all}) VALUES (?1, ?2, ?3, NULL, 0, 0, 0, 1, ${NOW} + ?4, ${NOW} + ?5, ?6, ?7, 0, 0)`;
  const given = COLUMNS.map((column, at) =>
    column === "expires_at" ? `min(?${at + 1}, ${NOW} + ?${COLUMNS.length + 1})` : `?${at + 1}`,
  );
  const replaced = COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ");
  const moved = (timeout: string) => `max(expires_at, min(${NOW} + ${timeout}, absolute_expires_at))`;
  const live = `expires_at > ${NOW}`;
  // See `isMoved` in record/moved.ts.
  const usable = `${live} AND epoch >= 0`;
  const adopted = COLUMNS.map((column, at) =>
    TIMES.includes(column) ? fromNow(`?${at + 1}`) : `?${at + 1}`,
  );
  const conditions = `handle = ?1 AND version = ?2 AND epoch = ?3 AND ${live}
    AND fence = coalesce(?4, fence) AND secret_hash = coalesce(?5, secret_hash)`;
  return {
    select: `SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE handle = ?1 AND ${usable}`,
    selectUser: `SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE user_id = ?1 AND ${live}`,
    selectStandings: `SELECT handle, max(epoch, -1 - epoch) + 0e0 AS epoch, expires_at - ${NOW} AS remaining FROM ${table}
      WHERE handle IN (SELECT value FROM json_each(?1)) AND ${live} AND secret_hash <> ''`,
    // Replaces an expired record, but never a live one.
    insert: `INSERT INTO ${table} ${fresh}
      ON CONFLICT (handle) DO UPDATE SET ${replaced} WHERE ${table}.expires_at <= ${NOW} RETURNING handle`,
    replace: `INSERT OR REPLACE INTO ${table} ${fresh}`,
    restore: `INSERT OR REPLACE INTO ${table} (${all}) VALUES (${given.join(", ")})`,
    store: `UPDATE ${table} SET data = ?6, version = version + 1, head = coalesce(?7, head),
      expires_at = ${moved("?8")} WHERE ${conditions} RETURNING handle`,
    rotate: `UPDATE ${table} SET data = ?6, version = version + 1, head = coalesce(?7, head),
      previous_secret_hash = secret_hash, previous_epoch = epoch, previous_until = ${NOW} + ?9,
      secret_hash = ?10, epoch = epoch + ?11, user_id = coalesce(?12, user_id),
      absolute_expires_at = coalesce(${NOW} + ?13, absolute_expires_at),
      expires_at = coalesce(min(${NOW} + ?14, coalesce(${NOW} + ?13, absolute_expires_at)), ${moved("?8")})
      WHERE ${conditions} RETURNING handle`,
    touch: `UPDATE ${table} SET expires_at = ${moved("?2")} WHERE handle = ?1 AND ${usable} RETURNING handle`,
    remove: `DELETE FROM ${table} WHERE handle = ?1 AND version = coalesce(?2, version)
      AND (?2 IS NOT NULL OR ?3 <> 'moved' OR epoch < 0) RETURNING handle, ${live} AS live`,
    removeUser: `DELETE FROM ${table} WHERE user_id = ?1 AND handle <> ?2 RETURNING handle, ${live} AS live`,
    removeDue: `DELETE FROM ${table} WHERE handle IN
      (SELECT handle FROM ${table} WHERE expires_at <= ${NOW} ORDER BY expires_at LIMIT ?1)
      RETURNING handle, user_id AS userId`,
    lock: `UPDATE ${table} SET fence = fence + 1, locked_until = ${NOW} + ?2
      WHERE handle = ?1 AND ${usable} AND (locked_until <= ${NOW} OR locked_until > ${NOW} + ?2 + ${LOCK_SLACK}) RETURNING fence + 0e0 AS fence`,
    relock: `UPDATE ${table} SET locked_until = iif(?3 > 0, ${NOW} + ?3, 0)
      WHERE handle = ?1 AND fence = ?2 AND ${usable} RETURNING handle`,
    removeMany: `DELETE FROM ${table} WHERE handle IN (SELECT value FROM json_each(?1)) RETURNING handle, ${live} AS live`,
    adopt: `INSERT INTO ${table} (${all}) VALUES (${adopted.join(", ")})
      ON CONFLICT (handle) DO UPDATE SET ${replaced} WHERE ${table}.expires_at <= ${NOW} RETURNING handle`,
    substitute: `UPDATE ${table} SET (${all}) = (${adopted.join(", ")})
      WHERE handle = ?1 AND secret_hash = ?${COLUMNS.length + 1} AND ${live} RETURNING handle`,
    moveOut: `UPDATE ${table} SET epoch = min(epoch, -1 - epoch) WHERE handle = ?1 AND ${live} AND secret_hash <> ''
      RETURNING ${RECORD}, ${NOW} AS now`,
    scanEnd: `SELECT handle FROM ${table} WHERE handle > ?1 ORDER BY handle LIMIT 1 OFFSET ?2`,
    scan: `SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE handle > ?1 AND handle <= ?2 AND ${live} AND secret_hash <> ''
      AND coalesce(?3, user_id IS NOT NULL) = (user_id IS NOT NULL) ORDER BY handle LIMIT ?4`,
    // The plus keeps the planner from searching all handles.
    scanUser: `SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE user_id = ?1 AND +handle > ?2 AND ${live}
      AND secret_hash <> '' ORDER BY handle LIMIT ?3`,
    count: `SELECT (SELECT count(*) FROM ${table} WHERE ${live}) AS sessions,
      (SELECT count(*) FROM ${table} WHERE user_id IS NOT NULL)
        - (SELECT count(user_id) FROM ${table} WHERE NOT ${live}) AS signedIn`,
  };
}
