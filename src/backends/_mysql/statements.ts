import { LOCK_SLACK } from "../../record/record.ts";
import { LOOKED_AT } from "../_sql/page.ts";
import { COLUMNS, RECORD } from "../_sql/row.ts";
import { NOW, START } from "./clock.ts";
import { query } from "./database.ts";
import type { MysqlQuery } from "./like.ts";
import { SLOT } from "./table.ts";

/** How many expired records are deleted at once: some milliseconds of work. */
export const BATCH = 512;

/** Seconds after which a claim is void: whoever made it and did not delete the record has died. */
const CLAIM = 60;

/** The columns that hold a moment. */
export const TIMES: readonly string[] = [
  "previous_until",
  "expires_at",
  "absolute_expires_at",
  "locked_until",
];

/** All statements of the back-end. Each is one atomic step, on MySQL and on MariaDB. */
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
  readonly touch: MysqlQuery;
  readonly remove: MysqlQuery;
  readonly removeExpired: MysqlQuery;
  readonly lock: MysqlQuery;
  readonly relock: MysqlQuery;
  readonly adopt: MysqlQuery;
  readonly substitute: MysqlQuery;
  readonly moveOut: MysqlQuery;
  readonly selectMoved: MysqlQuery;
  readonly scanEnd: MysqlQuery;
  readonly count: MysqlQuery;
  /** For this many records at most. */
  scan(most: number): MysqlQuery;
  scanUser(most: number): MysqlQuery;
  countUsers(most: number): MysqlQuery;
  /** For this many handles. */
  selectStandings(handles: number): MysqlQuery;
  claimOfUser(handles: number): MysqlQuery;
  claimLive(handles: number): MysqlQuery;
  claimExpired(handles: number): MysqlQuery;
  selectClaimed(handles: number): MysqlQuery;
  removeClaimed(handles: number): MysqlQuery;
}

/**
 * The deadlines that a statement writes are counted from its start, so that they agree; whether a record is live is
 * checked at the moment of writing, after any wait for a lock. No expression reads a column that the same statement has
 * set before: MySQL would see the new value, MariaDB perhaps the old one. And no function has only placeholders as
 * arguments: MySQL fixes their types before it knows the values, so LEAST(?, ?) could compare them as text.
 */
export function writeStatements(table: string, isPool: boolean): Statements {
  const isLive = `expires_at > ${NOW}`;
  const isExpired = `expires_at <= ${NOW}`;
  // See `isMoved` in record/moved.ts.
  const isUsable = `${isLive} AND epoch >= 0`;
  const adopted = COLUMNS.map((column) => (TIMES.includes(column) ? `${START} * ? + ?` : "?"));
  // The collation ignores trailing spaces, and MariaDB and MySQL have none in common that does not.
  const isOfUser = "user_id = ? AND OCTET_LENGTH(user_id) = ?";
  // Inside a transaction, a plain SELECT returns what was stored when that began; one that locks, what is there now.
  const current = isPool ? "" : " FOR UPDATE";
  const moved = `GREATEST(expires_at, LEAST(${START} + ?, absolute_expires_at))`;
  const conditions = `handle = ? AND version = ? AND epoch = ? AND ${isLive}
    AND fence = COALESCE(?, fence) AND secret_hash = COALESCE(?, secret_hash)`;
  const perCount = (sql: (places: string, count: number) => string): ((count: number) => MysqlQuery) => {
    const known = new Map<number, MysqlQuery>();
    return (count) => {
      const found = known.get(count) ?? query(sql(Array(count).fill("?").join(", "), count));
      known.set(count, found);
      return found;
    };
  };
  return {
    now: query(`SELECT ${NOW} AS now`),
    read: query(`SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE handle = ?`),
    select: query(`SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE handle = ?${current}`),
    selectUser: query(`SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE ${isOfUser} AND ${isLive}`),
    selectHandles: query(
      `SELECT handle FROM ${table} WHERE ${isOfUser} AND handle <> ? AND ${isLive}${current}`,
    ),
    selectDue: query(
      `SELECT handle, user_id AS userId, claimed_by AS claimedBy FROM ${table}
        WHERE prune_slot <= FLOOR(${START} / ${SLOT}) + ? AND expires_at <= ${START}
          AND (claimed_by IS NULL OR locked_until <= ${START})
        ORDER BY prune_slot LIMIT ${BATCH}`,
    ),
    insert: query(
      `INSERT INTO ${table} (${COLUMNS.join(", ")})
        VALUES (?, ?, ?, NULL, 0, 0, 0, 1, ${START} + ?, ${START} + ?, ?, ?, 0, 0)`,
    ),
    replace: query(
      `REPLACE INTO ${table} (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
    ),
    store: query(
      `UPDATE ${table} SET data = ?, version = version + 1, head = COALESCE(?, head), expires_at = ${moved}
        WHERE ${conditions}`,
    ),
    // `expires_at` comes before `absolute_expires_at`, of which it needs the old value.
    rotate: query(
      `UPDATE ${table} SET data = ?, version = version + 1, head = COALESCE(?, head),
        previous_secret_hash = secret_hash, previous_epoch = epoch, previous_until = ${START} + ?,
        secret_hash = ?, epoch = epoch + ?, user_id = COALESCE(?, user_id),
        expires_at = COALESCE(LEAST(${START} + ?, COALESCE(${START} + ?, absolute_expires_at)), ${moved}),
        absolute_expires_at = COALESCE(${START} + ?, absolute_expires_at)
        WHERE ${conditions}`,
    ),
    touch: query(`UPDATE ${table} SET expires_at = ${moved} WHERE handle = ? AND ${isUsable}`),
    remove: query(
      `DELETE FROM ${table}
        WHERE handle = ? AND version = COALESCE(?, version) AND epoch < COALESCE(?, epoch + 1) AND ${isLive}`,
    ),
    removeExpired: query(
      `DELETE FROM ${table}
        WHERE handle = ? AND version = COALESCE(?, version) AND ${isExpired} AND claimed_by IS NULL`,
    ),
    lock: query(
      `UPDATE ${table} SET fence = LAST_INSERT_ID(fence + 1), locked_until = ${NOW} + ?
        WHERE handle = ? AND ${isUsable} AND (locked_until <= ${NOW} OR locked_until > ${NOW} + ? + ${LOCK_SLACK})`,
    ),
    relock: query(
      `UPDATE ${table} SET locked_until = ${NOW} * ? + ? WHERE handle = ? AND fence = ? AND ${isUsable}`,
    ),
    adopt: query(`INSERT INTO ${table} (${COLUMNS.join(", ")}) VALUES (${adopted.join(", ")})`),
    substitute: query(
      `UPDATE ${table} SET ${COLUMNS.map((column, n) => `${column} = ${adopted[n]}`).join(", ")}
        WHERE handle = ? AND secret_hash = ? AND ${isLive}`,
    ),
    moveOut: query(
      `UPDATE ${table} SET epoch = LEAST(epoch, -1 - epoch) WHERE handle = ? AND ${isLive} AND secret_hash <> ''`,
    ),
    selectMoved: query(
      `SELECT ${RECORD}, ${NOW} AS now FROM ${table} WHERE handle = ? AND ${isLive} AND epoch < 0${current}`,
    ),
    scanEnd: query(
      `SELECT handle FROM ${table} WHERE handle > ? ORDER BY handle LIMIT 1 OFFSET ${LOOKED_AT - 1}`,
    ),
    scan: perCount(
      (_, most) => `SELECT ${RECORD}, ${NOW} AS now FROM ${table}
        WHERE handle > ? AND handle <= ? AND ${isLive} AND secret_hash <> ''
          AND COALESCE(?, user_id IS NOT NULL) = (user_id IS NOT NULL) ORDER BY handle LIMIT ${most}`,
    ),
    scanUser: perCount(
      (_, most) => `SELECT ${RECORD}, ${NOW} AS now FROM ${table} FORCE INDEX (user_id)
        WHERE ${isOfUser} AND handle > ? AND ${isLive} AND secret_hash <> '' ORDER BY handle LIMIT ${most}`,
    ),
    // An index tells of all but those that expire in the current slot.
    count: query(
      `SELECT (SELECT COUNT(*) FROM ${table} WHERE prune_slot > FLOOR(${START} / ${SLOT}) + 1)
        + (SELECT COUNT(*) FROM ${table} WHERE prune_slot = FLOOR(${START} / ${SLOT}) + 1 AND expires_at > ${START})
        + 0e0 AS sessions`,
    ),
    // Handles are random, so the first ones are as good as any.
    countUsers: perCount(
      (_, most) => `SELECT COUNT(*) + 0e0 AS sessions, COUNT(user_id) + 0e0 AS signedIn FROM
        (SELECT user_id FROM ${table} WHERE expires_at > ${START} ORDER BY handle LIMIT ${most}) AS some`,
    ),
    selectStandings: perCount(
      (
        places,
      ) => `SELECT handle, GREATEST(epoch, -1 - epoch) + 0e0 AS epoch, expires_at - ${NOW} AS remaining FROM ${table}
        WHERE handle IN (${places}) AND ${isLive} AND secret_hash <> ''`,
    ),
    // A claimed record has ended: whoever claimed it reports the end and deletes it.
    claimOfUser: perCount(
      (places) => `UPDATE ${table} SET claimed_by = ?, expires_at = 0, locked_until = ${START} + ${CLAIM}
        WHERE handle IN (${places}) AND ${isOfUser} AND ${isLive}`,
    ),
    claimLive: perCount(
      (places) => `UPDATE ${table} SET claimed_by = ?, expires_at = 0, locked_until = ${START} + ${CLAIM}
        WHERE handle IN (${places}) AND ${isLive}`,
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
