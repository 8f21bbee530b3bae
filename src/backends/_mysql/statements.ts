import { COLUMNS } from "../_sql/row.ts";
import { NOW, START } from "./clock.ts";
import { query } from "./database.ts";
import type { MysqlQuery } from "./like.ts";
import { ALL_COLUMNS, READ_COLUMNS } from "./row.ts";
import { SLOT } from "./schema.ts";

/** How many expired records are deleted at once: some milliseconds of work. */
export const BATCH = 512;

/** Seconds after which records that somebody claimed and did not delete are left to others. */
const CLAIM = 60;

/** Every statement of the back-end but the first: each is one atomic step on MySQL and on MariaDB. */
export interface Statements {
  readonly now: MysqlQuery;
  readonly read: MysqlQuery;
  readonly select: MysqlQuery;
  readonly selectUser: MysqlQuery;
  readonly selectHandles: MysqlQuery;
  readonly selectDue: MysqlQuery;
  readonly insert: MysqlQuery;
  readonly replace: MysqlQuery;
  readonly store: MysqlQuery;
  readonly rotate: MysqlQuery;
  readonly renew: MysqlQuery;
  readonly touch: MysqlQuery;
  readonly remove: MysqlQuery;
  readonly removeExpired: MysqlQuery;
  readonly lock: MysqlQuery;
  readonly relock: MysqlQuery;
  /** For so many handles. */
  claimOfUser(handles: number): MysqlQuery;
  claimExpired(handles: number): MysqlQuery;
  selectClaimed(handles: number): MysqlQuery;
  removeClaimed(handles: number): MysqlQuery;
}

/**
 * The deadlines that a statement writes count from its beginning, so that they fit together; whether a record is live
 * is judged at the moment of writing, after any wait. No expression reads a column that the same statement has set
 * before: MySQL would see the new value, MariaDB perhaps the old one. And no function has nothing but placeholders for
 * arguments: MySQL fixes their types before it knows the values, and LEAST(?, ?) could compare them as text.
 */
export function writeStatements(table: string, isPool: boolean): Statements {
  const isLive = `expires_at > ${NOW}`;
  const isExpired = `expires_at <= ${NOW}`;
  // This collation ignores spaces at the end, and MariaDB and MySQL have none in common that does not.
  const isOfUser = "user_id = ? AND OCTET_LENGTH(user_id) = ?";
  // Inside a transaction, a plain SELECT answers what was stored when that began; one that locks, what is there now.
  const current = isPool ? "" : " FOR UPDATE";
  const moved = `GREATEST(expires_at, LEAST(${START} + ?, absolute_expires_at))`;
  const conditions = `handle = ? AND version = ? AND epoch = ? AND ${isLive}
    AND fence = COALESCE(?, fence) AND secret_hash = COALESCE(?, secret_hash)`;
  const rotated = `data = ?, version = version + 1,
    previous_secret_hash = secret_hash, previous_epoch = epoch, previous_until = ${START} + ?,
    secret_hash = ?, epoch = epoch + ?, user_id = COALESCE(?, user_id)`;
  const perCount = (sql: (places: string) => string): ((handles: number) => MysqlQuery) => {
    const known = new Map<number, MysqlQuery>();
    return (handles) => {
      const found = known.get(handles) ?? query(sql(Array(handles).fill("?").join(", ")));
      known.set(handles, found);
      return found;
    };
  };
  return {
    now: query(`SELECT ${NOW}`),
    read: query(`SELECT ${READ_COLUMNS} FROM ${table} WHERE handle = ?`),
    select: query(`SELECT ${ALL_COLUMNS} FROM ${table} WHERE handle = ?${current}`),
    selectUser: query(
      `SELECT ${ALL_COLUMNS} FROM ${table} WHERE ${isOfUser} AND ${isLive} ORDER BY created_at, handle`,
    ),
    selectHandles: query(
      `SELECT handle FROM ${table} WHERE ${isOfUser} AND handle <> ? AND ${isLive}${current}`,
    ),
    selectDue: query(
      `SELECT handle, user_id, claimed_by FROM ${table}
        WHERE prune_slot <= FLOOR(${START} / ${SLOT}) + ? AND expires_at <= ${START}
          AND (claimed_by IS NULL OR locked_until <= ${START})
        ORDER BY prune_slot LIMIT ${BATCH}`,
    ),
    insert: query(
      `INSERT INTO ${table} (${COLUMNS.join(", ")})
        VALUES (?, ?, ?, NULL, 0, 0, 0, 1, ${START}, ${START} + ?, ${START} + ?, ?, ?, ?, 0, 0)`,
    ),
    replace: query(
      `REPLACE INTO ${table} (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
    ),
    store: query(
      `UPDATE ${table} SET data = ?, version = version + 1, expires_at = ${moved} WHERE ${conditions}`,
    ),
    rotate: query(`UPDATE ${table} SET ${rotated}, expires_at = ${moved} WHERE ${conditions}`),
    renew: query(
      `UPDATE ${table} SET ${rotated},
        created_at = ${START}, expires_at = ${START} + ?, absolute_expires_at = ${START} + ?,
        idle_timeout = ?, persistent = ? WHERE ${conditions}`,
    ),
    touch: query(`UPDATE ${table} SET expires_at = ${moved} WHERE handle = ? AND ${isLive}`),
    remove: query(`DELETE FROM ${table} WHERE handle = ? AND version = COALESCE(?, version) AND ${isLive}`),
    removeExpired: query(
      `DELETE FROM ${table}
        WHERE handle = ? AND version = COALESCE(?, version) AND ${isExpired} AND claimed_by IS NULL`,
    ),
    lock: query(
      `UPDATE ${table} SET fence = LAST_INSERT_ID(fence + 1), locked_until = ${NOW} + ?
        WHERE handle = ? AND ${isLive} AND locked_until <= ${NOW}`,
    ),
    relock: query(
      `UPDATE ${table} SET locked_until = ${NOW} * ? + ? WHERE handle = ? AND fence = ? AND ${isLive}`,
    ),
    // What is claimed is over: whoever has claimed it answers for its end, and deletes it.
    claimOfUser: perCount(
      (places) => `UPDATE ${table} SET claimed_by = ?, expires_at = 0, locked_until = ${START} + ${CLAIM}
        WHERE handle IN (${places}) AND ${isOfUser} AND ${isLive}`,
    ),
    claimExpired: perCount(
      (places) => `UPDATE ${table} SET claimed_by = ?, locked_until = ${START} + ${CLAIM}
        WHERE handle IN (${places}) AND ${isExpired} AND (claimed_by IS NULL OR locked_until <= ${NOW})`,
    ),
    selectClaimed: perCount(
      (places) => `SELECT handle FROM ${table} WHERE handle IN (${places}) AND claimed_by = ?`,
    ),
    removeClaimed: perCount(
      (places) => `DELETE FROM ${table} WHERE handle IN (${places}) AND claimed_by = ?`,
    ),
  };
}
