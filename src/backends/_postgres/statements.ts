import { COLUMNS } from "../_sql/row.ts";
import { type Statement, statement } from "./client.ts";
import { SLOT } from "./schema.ts";

/** A patch: `whole` stores its data over the version it was made from, `merged` its changes into any other version. */
export interface Write {
  readonly whole: Statement;
  readonly merged: Statement;
}

/** Every statement of the back-end. Each is one atomic step, and judged by the server's clock. */
export interface Statements {
  readonly clock: Statement;
  readonly select: Statement;
  readonly selectUser: Statement;
  readonly insert: Statement;
  readonly replace: Statement;
  readonly store: Write;
  readonly rotate: Write;
  readonly signIn: Write;
  readonly touch: Statement;
  readonly remove: Statement;
  readonly removeUser: Statement;
  readonly removeDueSlots: Statement;
  readonly removeDue: Statement;
  readonly lock: Statement;
  readonly relock: Statement;
}

/** The moment at which it is evaluated: again, if the statement had to wait for another one's row. */
const NOW = "extract(epoch FROM clock_timestamp())::float8";
/** The moment at which the statement began: for several times that are to be of one moment. */
const START = "extract(epoch FROM statement_timestamp())::float8";

/**
 * What is read of a row: three columns, where one for each value would cost the client half as much again. Floats come
 * as the shortest text that is the same number. See row.ts.
 */
const READ = `data::text, concat_ws(' ', version, epoch, previous_epoch, fence, persistent::int,
  previous_until, created_at, expires_at, absolute_expires_at, idle_timeout, locked_until, ${NOW},
  secret_hash, previous_secret_hash), user_id`;

/** Casts, so that the server need not guess and the client has nothing to convert. */
const CAST: Readonly<Record<string, string>> = {
  handle: "text",
  data: "text::json",
  secret_hash: "text",
  previous_secret_hash: "text",
  previous_epoch: "integer",
  epoch: "integer",
  version: "integer",
  persistent: "integer::boolean",
  user_id: "text",
  fence: "integer",
};

const SET_AT_CREATE: readonly string[] = ["created_at", "expires_at", "absolute_expires_at"];

const all = COLUMNS.join(", ");
const replaced = COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ");
const given = COLUMNS.map((column, index) => `$${index + 1}::${CAST[column] ?? "float8"}`);
const fromNow = given.map((value, index) =>
  SET_AT_CREATE.includes(COLUMNS[index]!) ? `${START} + ${value}` : value,
);

/**
 * The data after changes, `[{ what to set }, [what to remove]]`. Values are only moved as text, so those of others come
 * back as they were. Fails if there is a \u0000 or half of a surrogate pair in either, which the server cannot decode.
 */
const MERGED = `(
    SELECT ('{' || coalesce(string_agg(to_json(key)::text || ':' || value, ',' ORDER BY place), '') || '}')::json FROM (
      SELECT key, coalesce(given.value, kept.value)::text AS value, coalesce(kept.place, given.place + 2147483647) AS place
        FROM json_each(data) WITH ORDINALITY AS kept (key, value, place)
        FULL JOIN json_each($6::text::json -> 0) WITH ORDINALITY AS given (key, value, place) USING (key)
        WHERE key NOT IN (SELECT json_array_elements_text($6::text::json -> 1))
    ) AS members)`;

export function writeStatements(table: string): Statements {
  const inserted = (values: readonly string[]): string =>
    `INSERT INTO ${table} (${all}) VALUES (${values.join(", ")}) ON CONFLICT (handle) DO UPDATE SET ${replaced}`;
  const patched = (changes: string): Write => {
    const update = (data: string, version: string): Statement =>
      statement(`UPDATE ${table} SET data = ${data}, version = version + 1, ${changes}
        WHERE handle = $1 AND version ${version} $2::bigint AND epoch = $3::bigint AND expires_at > ${NOW}
        AND fence = coalesce($4::bigint, fence) AND secret_hash = coalesce($5::text, secret_hash)`);
    return { whole: update("$6::text::json", "="), merged: update(MERGED, "<>") };
  };
  const rotated = `previous_secret_hash = secret_hash, previous_epoch = epoch, previous_until = ${NOW} + $7::float8,
    secret_hash = $8::text, epoch = epoch + $9::integer, user_id = coalesce($10::text, user_id)`;
  const removed = `RETURNING CASE WHEN expires_at > ${NOW} THEN handle END`;
  const removedDue = (condition: string): string =>
    // An array, so that the search is done once whatever the plan; what somebody else just deletes or uses is left.
    `DELETE FROM ${table} WHERE handle = ANY (ARRAY(
      SELECT handle FROM ${table} WHERE ${condition} ORDER BY prune_slot LIMIT $1::integer FOR UPDATE SKIP LOCKED
    )) RETURNING handle, user_id`;
  return {
    clock: statement(`SELECT (${NOW})::text`),
    select: statement(`SELECT ${READ} FROM ${table} WHERE handle = $1`),
    selectUser: statement(
      `SELECT ${READ}, handle FROM ${table} WHERE user_id = $1 AND expires_at > ${NOW} ORDER BY created_at`,
    ),
    // Takes the place of an expired record, of a live one never.
    insert: statement(`${inserted(fromNow)} WHERE ${table}.expires_at <= ${NOW}`),
    replace: statement(inserted(given)),
    store: patched(`expires_at = ${moved("$7")}`),
    rotate: patched(`${rotated}, expires_at = ${moved("$11")}`),
    signIn: patched(
      `${rotated}, created_at = ${START}, idle_timeout = $11::float8,
        absolute_expires_at = ${START} + $12::float8, expires_at = ${START} + least($11::float8, $12::float8),
        persistent = $13::integer::boolean`,
    ),
    touch: statement(
      `UPDATE ${table} SET expires_at = ${moved("$2")} WHERE handle = $1 AND expires_at > ${NOW}`,
    ),
    remove: statement(
      `DELETE FROM ${table} WHERE handle = $1 AND version = coalesce($2::bigint, version) ${removed}`,
    ),
    removeUser: statement(`DELETE FROM ${table} WHERE user_id = $1 AND handle <> $2 ${removed}`),
    removeDueSlots: statement(removedDue(`prune_slot <= floor(${START} / ${SLOT})::integer`)),
    removeDue: statement(
      removedDue(`prune_slot <= ceil(${START} / ${SLOT})::integer AND expires_at <= ${START}`),
    ),
    lock: statement(
      `UPDATE ${table} SET fence = fence + 1, locked_until = ${NOW} + $2::float8
        WHERE handle = $1 AND expires_at > ${NOW} AND locked_until <= ${NOW} RETURNING fence::text`,
    ),
    relock: statement(
      `UPDATE ${table} SET locked_until = CASE WHEN $3::float8 > 0 THEN ${NOW} + $3::float8 ELSE 0 END
        WHERE handle = $1 AND fence = $2::bigint AND expires_at > ${NOW}`,
    ),
  };
}

/** The deadline that a touch of so many seconds leads to. */
function moved(seconds: string): string {
  return `greatest(expires_at, least(${NOW} + ${seconds}::float8, absolute_expires_at))`;
}
