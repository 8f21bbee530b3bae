import { COLUMNS, RECORD } from "../_sql/row.ts";
import { IndexCount } from "./count.ts";
import type { SqliteLike, SqliteStatement } from "./like.ts";

/** All statements of the back-end. Each is one atomic step. Parameters are only `?`, which all drivers know. */
export interface Statements {
  readonly select: SqliteStatement;
  readonly selectUser: SqliteStatement;
  readonly selectStandings: SqliteStatement;
  readonly insert: SqliteStatement;
  readonly replace: SqliteStatement;
  readonly store: SqliteStatement;
  readonly rotate: SqliteStatement;
  readonly touch: SqliteStatement;
  readonly remove: SqliteStatement;
  readonly removeUser: SqliteStatement;
  readonly removeDue: SqliteStatement;
  readonly lock: SqliteStatement;
  readonly relock: SqliteStatement;
  readonly removeMany: SqliteStatement;
  readonly substitute: SqliteStatement;
  readonly moveOut: SqliteStatement;
  readonly scanEnd: SqliteStatement;
  readonly scan: SqliteStatement;
  readonly scanUser: SqliteStatement;
  readonly countDueUsers: SqliteStatement;
  readonly liveCount: IndexCount;
  readonly userCount: IndexCount;
}

export function prepareStatements(db: SqliteLike, name: string): Statements {
  const table = `"${name}"`;
  const values = `(${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`;
  const replaced = COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ");
  const moved = "max(expires_at, min(?, absolute_expires_at))";
  const conditions = `handle = ? AND version = ? AND epoch = ? AND expires_at > ?
    AND fence = coalesce(?, fence) AND secret_hash = coalesce(?, secret_hash)`;
  return {
    select: db.prepare(`SELECT ${RECORD} FROM ${table} WHERE handle = ?`),
    selectUser: db.prepare(`SELECT ${RECORD} FROM ${table} WHERE user_id = ? AND expires_at > ?`),
    selectStandings: db.prepare(
      `SELECT handle, max(epoch, -1 - epoch) + 0e0 AS epoch, expires_at AS expiresAt FROM ${table}
        WHERE handle IN (SELECT value FROM json_each(?)) AND expires_at > ? AND secret_hash <> ''`,
    ),
    // Replaces an expired record, but never a live one.
    insert: db.prepare(
      `INSERT INTO ${table} ${values}
        ON CONFLICT (handle) DO UPDATE SET ${replaced} WHERE ${table}.expires_at <= ?`,
    ),
    replace: db.prepare(`INSERT OR REPLACE INTO ${table} ${values}`),
    store: db.prepare(
      `UPDATE ${table} SET data = ?, version = version + 1, head = coalesce(?, head), expires_at = ${moved}
        WHERE ${conditions}`,
    ),
    rotate: db.prepare(
      `UPDATE ${table} SET data = ?, version = version + 1, head = coalesce(?, head),
        previous_secret_hash = secret_hash, previous_epoch = epoch, previous_until = ?,
        secret_hash = ?, epoch = epoch + ?, user_id = coalesce(?, user_id),
        absolute_expires_at = coalesce(?, absolute_expires_at),
        expires_at = coalesce(min(?, coalesce(?, absolute_expires_at)), ${moved})
        WHERE ${conditions}`,
    ),
    touch: db.prepare(
      `UPDATE ${table} SET expires_at = ${moved} WHERE handle = ? AND expires_at > ? AND epoch >= 0`,
    ),
    remove: db.prepare(
      `DELETE FROM ${table} WHERE handle = ? AND version = coalesce(?, version) AND epoch < coalesce(?, epoch + 1)
        RETURNING handle, expires_at AS expiresAt`,
    ),
    removeUser: db.prepare(
      `DELETE FROM ${table} WHERE user_id = ? AND handle <> ? RETURNING handle, expires_at AS expiresAt`,
    ),
    removeDue: db.prepare(
      `DELETE FROM ${table} WHERE handle IN
        (SELECT handle FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
        RETURNING handle, user_id AS userId`,
    ),
    lock: db.prepare(
      `UPDATE ${table} SET fence = fence + 1, locked_until = ?
        WHERE handle = ? AND expires_at > ? AND epoch >= 0 AND (locked_until <= ? OR locked_until > ?) RETURNING fence + 0e0 AS fence`,
    ),
    relock: db.prepare(
      `UPDATE ${table} SET locked_until = ? WHERE handle = ? AND fence = ? AND expires_at > ? AND epoch >= 0`,
    ),
    removeMany: db.prepare(
      `DELETE FROM ${table} WHERE handle IN (SELECT value FROM json_each(?)) RETURNING handle, expires_at AS expiresAt`,
    ),
    substitute: db.prepare(
      `UPDATE ${table} SET (${COLUMNS.join(", ")}) = (${COLUMNS.map(() => "?").join(", ")})
        WHERE handle = ? AND secret_hash = ? AND expires_at > ?`,
    ),
    // See `isMoved` in record/moved.ts.
    moveOut: db.prepare(
      `UPDATE ${table} SET epoch = min(epoch, -1 - epoch) WHERE handle = ? AND expires_at > ? AND secret_hash <> ''
        RETURNING ${RECORD}`,
    ),
    scanEnd: db.prepare(`SELECT handle FROM ${table} WHERE handle > ? ORDER BY handle LIMIT 1 OFFSET ?`),
    scan: db.prepare(
      `SELECT ${RECORD} FROM ${table} WHERE handle > ? AND handle <= ? AND expires_at > ? AND secret_hash <> ''
        AND coalesce(?, user_id IS NOT NULL) = (user_id IS NOT NULL) ORDER BY handle LIMIT ?`,
    ),
    // The plus keeps the planner from searching all handles.
    scanUser: db.prepare(
      `SELECT ${RECORD} FROM ${table} WHERE user_id = ? AND +handle > ? AND expires_at > ? AND secret_hash <> ''
        ORDER BY handle LIMIT ?`,
    ),
    liveCount: new IndexCount(db, name, "expires_at"),
    userCount: new IndexCount(db, name, "user_id"),
    countDueUsers: db.prepare(`SELECT count(user_id) AS count FROM ${table} WHERE expires_at <= ?`),
  };
}
