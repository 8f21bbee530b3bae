import { LOCK_SLACK } from "../../record/record.ts";
import { LAST } from "../_sql/page.ts";
import { COLUMNS } from "../_sql/row.ts";
import { type Statement, statement } from "./client.ts";
import { tell } from "./ended.ts";
import type { Names } from "./options.ts";
import { SLOT } from "./table.ts";

/** All statements of the back-end. Each is one atomic step, by the server's clock. */
export interface Statements {
  readonly clock: Statement;
  readonly select: Statement;
  readonly selectUser: Statement;
  readonly selectStandings: Statement;
  readonly insert: Statement;
  readonly replace: Statement;
  readonly store: Statement;
  readonly rotate: Statement;
  readonly touch: Statement;
  readonly remove: Statement;
  readonly removeUser: Statement;
  readonly removeDueSlots: Statement;
  readonly removeDue: Statement;
  readonly lock: Statement;
  readonly relock: Statement;
  readonly notify: Statement;
  readonly removeMany: Statement;
  readonly adopt: Statement;
  readonly substitute: Statement;
  readonly moveOut: Statement;
  readonly scan: Statement;
  readonly scanUser: Statement;
  readonly size: Statement;
  readonly count: Statement;
  readonly estimate: Statement;
}

/** The moment of evaluation, which comes again if the statement had to wait for a row. */
const NOW = "extract(epoch FROM clock_timestamp())::float8";
/** The moment at which the statement began: for several times that must agree. */
const START = "extract(epoch FROM statement_timestamp())::float8";

/**
 * What is read of a row: four columns, because one per value would cost the client half as much again. Floats come as
 * the shortest text that is the same number. See row.ts.
 */
const READ = `data::text, concat_ws(' ', version, epoch, previous_epoch, fence,
  previous_until, expires_at, absolute_expires_at, locked_until, ${NOW},
  secret_hash, previous_secret_hash), user_id, head`;

/** Casts, so that the server does not guess types and the client converts nothing. */
const CAST: Readonly<Record<string, string>> = {
  handle: "text",
  data: "text::json",
  secret_hash: "text",
  previous_secret_hash: "text",
  previous_epoch: "integer",
  epoch: "integer",
  version: "integer",
  user_id: "text",
  head: "text",
  fence: "integer",
};

const DEADLINES: readonly string[] = ["expires_at", "absolute_expires_at"];
const TIMES: readonly string[] = [...DEADLINES, "previous_until", "locked_until"];

const all = COLUMNS.join(", ");
const replaced = COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ");
const given = COLUMNS.map((column, index) => `$${index + 1}::${CAST[column] ?? "float8"}`);
const fromNow = given.map((value, index) =>
  DEADLINES.includes(COLUMNS[index]!) ? `${START} + ${value}` : value,
);

/** Of a record of another store: 0 is no time. */
const adopted = given.map((value, index) =>
  TIMES.includes(COLUMNS[index]!) ? `CASE WHEN ${value} = 0 THEN 0 ELSE ${START} + ${value} END` : value,
);

export function writeStatements({ table, channel }: Pick<Names, "table" | "channel">): Statements {
  const inserted = (values: readonly string[]): string =>
    `INSERT INTO ${table} (${all}) VALUES (${values.join(", ")}) ON CONFLICT (handle) DO UPDATE SET ${replaced}`;
  const patched = (changes: string, more = ""): Statement =>
    statement(`UPDATE ${table} SET data = $6::text::json, version = version + 1, head = coalesce($7::text, head), ${changes}
      WHERE handle = $1 AND version = $2::bigint AND epoch = $3::bigint AND expires_at > ${NOW}
      AND fence = coalesce($4::bigint, fence) AND secret_hash = coalesce($5::text, secret_hash)${more}`);
  const removed = (why: string): string =>
    `RETURNING CASE WHEN expires_at > ${NOW} THEN handle END, ${tell(channel, `expires_at > ${NOW} AND ${why} <> 'moved'`, why)}`;
  const removedDue = (condition: string): string =>
    // An array, so that the search runs once whatever the plan is. Rows that others are deleting or using are skipped.
    `DELETE FROM ${table} WHERE handle = ANY (ARRAY(
      SELECT handle FROM ${table} WHERE ${condition} ORDER BY prune_slot LIMIT $1::integer FOR UPDATE SKIP LOCKED
    )) RETURNING handle, user_id`;
  return {
    clock: statement(`SELECT (${NOW})::text`),
    select: statement(`SELECT ${READ} FROM ${table} WHERE handle = $1`),
    selectUser: statement(`SELECT ${READ}, handle FROM ${table} WHERE user_id = $1 AND expires_at > ${NOW}`),
    selectStandings: statement(
      `SELECT handle, greatest(epoch, -1 - epoch)::text, (expires_at - ${NOW})::text FROM ${table}
        WHERE handle = ANY ($1::text[]) AND expires_at > ${NOW} AND secret_hash <> ''`,
    ),
    // Replaces an expired record, but never a live one.
    insert: statement(`${inserted(fromNow)} WHERE ${table}.expires_at <= ${NOW}`),
    replace: statement(inserted(given)),
    store: patched(`expires_at = ${moved("$8")}`),
    rotate: patched(
      `previous_secret_hash = secret_hash, previous_epoch = epoch, previous_until = ${NOW} + $9::float8,
        secret_hash = $10::text, epoch = epoch + $11::integer, user_id = coalesce($12::text, user_id),
        absolute_expires_at = coalesce(${START} + $13::float8, absolute_expires_at),
        expires_at = CASE WHEN $14::float8 IS NULL THEN ${moved("$8")}
          ELSE least(${START} + $14::float8, coalesce(${START} + $13::float8, absolute_expires_at)) END`,
      ` RETURNING ${tell(channel, "$11::integer > 0", "'rights ' || epoch")}`,
    ),
    touch: statement(
      `UPDATE ${table} SET expires_at = ${moved("$2")} WHERE handle = $1 AND expires_at > ${NOW} AND epoch >= 0`,
    ),
    remove: statement(
      `DELETE FROM ${table} WHERE handle = $1 AND version = coalesce($2::bigint, version)
        AND ($2::bigint IS NOT NULL OR $3::text <> 'moved' OR epoch < 0) ${removed("$3::text")}`,
    ),
    removeUser: statement(`DELETE FROM ${table} WHERE user_id = $1 AND handle <> $2 ${removed("'revoked'")}`),
    notify: statement("SELECT pg_notify($1::text, $2::text)"),
    removeDueSlots: statement(removedDue(`prune_slot <= floor(${START} / ${SLOT})::integer`)),
    removeDue: statement(
      removedDue(`prune_slot <= ceil(${START} / ${SLOT})::integer AND expires_at <= ${START}`),
    ),
    lock: statement(
      `UPDATE ${table} SET fence = fence + 1, locked_until = ${NOW} + $2::float8
        WHERE handle = $1 AND expires_at > ${NOW} AND epoch >= 0 AND (locked_until <= ${NOW} OR locked_until > ${NOW} + $2::float8 + ${LOCK_SLACK}) RETURNING fence::text`,
    ),
    relock: statement(
      `UPDATE ${table} SET locked_until = CASE WHEN $3::float8 > 0 THEN ${NOW} + $3::float8 ELSE 0 END
        WHERE handle = $1 AND fence = $2::bigint AND expires_at > ${NOW} AND epoch >= 0`,
    ),
    removeMany: statement(`DELETE FROM ${table} WHERE handle = ANY ($1::text[]) ${removed("$2::text")}`),
    adopt: statement(`${inserted(adopted)} WHERE ${table}.expires_at <= ${NOW}`),
    substitute: statement(
      `UPDATE ${table} SET (${all}) = (${adopted.join(", ")})
        WHERE handle = $1 AND secret_hash = $${COLUMNS.length + 1}::text AND expires_at > ${NOW}`,
    ),
    // See `isMoved` in record/moved.ts.
    moveOut: statement(
      `UPDATE ${table} SET epoch = least(epoch, -1 - epoch)
        WHERE handle = $1 AND expires_at > ${NOW} AND secret_hash <> '' RETURNING ${READ}`,
    ),
    // The last row has no record, and says how far the page has looked, if more follow.
    scan: statement(
      `WITH looked_at AS MATERIALIZED (SELECT handle FROM ${table} WHERE handle > $1::text ORDER BY handle LIMIT 1 OFFSET $2::integer)
        (SELECT ${READ}, handle FROM ${table}
          WHERE handle > $1::text AND handle <= coalesce((SELECT handle FROM looked_at), '${LAST}') AND expires_at > ${NOW}
            AND secret_hash <> '' AND coalesce($3::integer, (user_id IS NOT NULL)::integer) = (user_id IS NOT NULL)::integer
          ORDER BY handle LIMIT $4::integer)
        UNION ALL SELECT NULL, NULL, NULL, NULL, handle FROM looked_at`,
    ),
    scanUser: statement(
      // Else the planner may search all handles in their order, for the few of this user.
      `WITH theirs AS MATERIALIZED (SELECT * FROM ${table} WHERE user_id = $1::text AND expires_at > ${NOW})
        SELECT ${READ}, handle FROM theirs WHERE handle > $2::text AND secret_hash <> '' ORDER BY handle LIMIT $3::integer`,
    ),
    size: statement(
      `SELECT (pg_relation_size('${table}'::regclass) / current_setting('block_size')::integer)::text`,
    ),
    count: statement(counted(table, "")),
    // The same pages each time, so that the estimate changes with the table alone.
    estimate: statement(counted(table, "TABLESAMPLE SYSTEM ($1::real) REPEATABLE (1)")),
  };
}

function counted(table: string, sample: string): string {
  return `SELECT count(*)::text, count(user_id)::text FROM ${table} ${sample} WHERE expires_at > ${START}`;
}

/** Returns the deadline after a touch of this many seconds. */
function moved(seconds: string): string {
  return `greatest(expires_at, least(${NOW} + ${seconds}::float8, absolute_expires_at))`;
}
