import { createHash } from "node:crypto";
import { ConfigError } from "../../errors.ts";
import type { PgLike, PostgresJsLike, PostgresLike, PostgresValue } from "./like.ts";

/** One statement of ours. Its name is the same wherever its text is. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface Answer {
  /** The rows, each an array of its columns. */
  readonly rows: readonly unknown[][];
  /** How many rows it answered or changed. */
  readonly rowCount: number | null;
}

/** The user's client, whichever it is. */
export interface Database {
  /**
   * Runs one statement by itself, of which the server does all or nothing, and makes something of the answer. That is
   * handed in because each further promise on the way costs about as much as all the rest of ours.
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
    : // A single client is asked one thing at a time; that it queues by itself is deprecated.
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
        // When the server ends a connection, postgres.js 3 gives that error to the next query on it too, unsent.
        if (asked.state !== null || codeOf(error) !== "57P01" || attempt === ATTEMPTS) throw error;
      }
    }
  };
}

/** More often than this, others get in between only if the server does not do what it says. */
const ATTEMPTS = 100;

/** Whether the server gave way to others and did nothing: only in a stricter isolation than its default, or deadlocked. */
function isUndone(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

/** Whether the server refused to look into a JSON text, which it stores nevertheless. */
export function isUnreadable(error: unknown): boolean {
  const code = codeOf(error);
  return code === "22P05" || code === "22P02";
}

/** The SQLSTATE that the server answered (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function explained(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== "26000" && code !== "42P05") return error;
  const problem = "the connection has lost prepared statements, or has those of others";
  return new ConfigError("prepare", `${problem}. Behind a pooler, say prepare: false.`, { cause: error });
}
