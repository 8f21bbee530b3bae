import { createHash } from "node:crypto";
import { ConfigError } from "../../errors.ts";
import type { PgLike, PostgresJsLike, PostgresLike, PostgresValue } from "./like.ts";

/** One statement. The name follows from the text. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface Answer {
  /** The rows, each an array of its columns. */
  readonly rows: readonly unknown[][];
  /** How many rows it returned or changed. */
  readonly rowCount: number | null;
}

/** Returns whether a statement has changed or returned anything. */
export function changed({ rowCount }: Answer): boolean {
  return rowCount !== null && rowCount > 0;
}

/** Runs a statement and passes the answer on. */
export type Run = <R>(
  statement: Statement,
  values: PostgresValue[],
  use: (answer: Answer) => R,
) => Promise<R>;

/** The user's client, of either kind. */
export interface Database {
  /**
   * Runs one statement by itself, all of it or nothing, and passes the answer to `use`: each further promise would cost
   * about as much as all the rest of the back-end.
   */
  run<R>(statement: Statement, values: PostgresValue[], use: (answer: Answer) => R): Promise<R>;
  /** Runs a text without values. */
  script(text: string): Promise<Answer>;
}

export function statement(text: string): Statement {
  return { text, name: `micropie_${createHash("sha256").update(text).digest("hex").slice(0, 16)}` };
}

export function openDatabase(client: PostgresLike, prepare: boolean): Database {
  const ask = "unsafe" in client ? ofPostgresJs(client, prepare) : ofPg(client, prepare);
  const attempt = <R>(
    statement: Statement,
    values: PostgresValue[],
    use: (answer: Answer) => R,
    number: number,
  ): Promise<R> =>
    ask(statement.text, values, statement.name).then(use, (error: unknown) => {
      if (number < ATTEMPTS && isUndone(error)) return attempt(statement, values, use, number + 1);
      throw explained(error);
    });
  return {
    run: (statement, values, use) => attempt(statement, values, use, 1),
    script: (text) => ask(text),
  };
}

type Ask = (text: string, values?: PostgresValue[], name?: string) => Promise<Answer>;

function ofPg(client: PgLike, prepare: boolean): Ask {
  let last: Promise<unknown> = Promise.resolve();
  const query: PgLike["query"] = isPool(client)
    ? (config) => client.query(config)
    : // One query at a time on a single client; its own queue is deprecated.
      (config) => {
        const answer = last.then(() => client.query(config));
        last = answer.catch(() => {});
        return answer;
      };
  return (text, values = [], name = "") =>
    query(
      prepare && name !== "" ? { name, text, values, rowMode: "array" } : { text, values, rowMode: "array" },
    );
}

function isPool(client: PgLike): boolean {
  return !("connectionParameters" in client);
}

function ofPostgresJs(sql: PostgresJsLike, prepare: boolean): Ask {
  return async (text, values) => {
    for (let attempt = 1; ; attempt++) {
      const asked = sql.unsafe(text, values, { prepare });
      try {
        const rows = await asked.values();
        return { rows, rowCount: rows.count };
      } catch (error) {
        // When the server ends a connection, postgres.js 3 also fails the next query with that error, without sending it.
        if (asked.state !== null || codeOf(error) !== "57P01" || attempt === ATTEMPTS) throw error;
      }
    }
  };
}

/** If others interfere more often than this, the server does not do what it says. */
const ATTEMPTS = 100;

/** Returns whether the server did nothing: a serialization failure (in a stricter isolation than its default) or a deadlock. */
function isUndone(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

/** Returns the SQLSTATE of an error (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function explained(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== "26000" && code !== "42P05") return error;
  const problem = "the connection has lost its prepared statements, or has those of another client";
  return new ConfigError("prepare", `${problem}. Behind a pooler, use prepare: false.`, { cause: error });
}
