import type { SqlValue } from "../_sql/row.ts";
import { isMissingTable, isUndone } from "./error.ts";
import type { MysqlLike, MysqlQuery } from "./like.ts";

/** What a statement that writes answers. */
export interface Written {
  /** How many rows it changed; or, as most connections are set, found, even if that changed nothing. */
  readonly affectedRows: number;
  readonly insertId: number | bigint;
}

/** The user's client. */
export interface Database {
  /** Runs a statement that answers rows, each an array of its columns. */
  rows<Row>(statement: MysqlQuery, values?: SqlValue[]): Promise<readonly Row[]>;
  /** Runs a statement that writes: all of it or nothing. */
  write(statement: MysqlQuery, values?: SqlValue[]): Promise<Written>;
}

/** Options of mysql2 and of mariadb that shape what `execute` answers; a client's own must not change it. */
const SHAPE = { rowsAsArray: true, metaAsArray: true, nestTables: false, namedPlaceholders: false };

/** A statement of ours. Its text is always the same, as drivers know prepared statements by it. */
export function query(sql: string): MysqlQuery {
  return Object.freeze({ ...SHAPE, sql: sql.replace(/\s+/g, " ").trim() });
}

const ATTEMPTS = 10;

/**
 * The client as it is. A statement that gave way to another one in a deadlock is tried again. `prepare` comes before the
 * first use, and again if it failed or if the table has gone.
 */
export function openDatabase(client: MysqlLike, prepare?: () => Promise<void>): Database {
  // Not on a single connection: there, a deadlock undoes the whole transaction that its owner may have open.
  const attempts = "getConnection" in client ? ATTEMPTS : 1;
  let isReady = prepare === undefined;
  let preparing: Promise<void> | undefined;
  const getReady = async (): Promise<void> => {
    try {
      await prepare?.();
      isReady = true;
    } finally {
      preparing = undefined;
    }
  };
  const run = async <Answer>(statement: MysqlQuery, values: SqlValue[] = []): Promise<Answer> => {
    if (!isReady) {
      preparing ??= getReady();
      await preparing;
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const [answer] = (await client.execute(statement, values)) as [Answer];
        return answer;
      } catch (error) {
        if (isMissingTable(error)) isReady = prepare === undefined;
        if (attempt >= attempts || !isUndone(error)) throw error;
      }
      await pause(Math.random() * 10 * attempt);
    }
  };
  return { rows: run, write: run };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
