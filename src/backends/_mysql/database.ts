import { pause } from "../_attempts.ts";
import type { SqlValue } from "../_sql/row.ts";
import { shared } from "../_sql/shared.ts";
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

/** Whether each statement has a connection and a transaction of its own; on a single connection its owner may open one. */
export function isPool(client: MysqlLike): boolean {
  return "getConnection" in client;
}

/**
 * The client as it is. A statement that gave way to another one in a deadlock is tried again. `prepare` comes before the
 * first use, and again if it failed or if the table has gone.
 */
export function openDatabase(client: MysqlLike, prepare?: () => Promise<void>): Database {
  // Not on a single connection: there, a deadlock undoes the whole transaction that its owner may have open.
  const attempts = isPool(client) ? ATTEMPTS : 1;
  let isReady = prepare === undefined;
  const getReady = shared(async () => {
    await prepare?.();
    isReady = true;
  });
  const run = async <Answer>(statement: MysqlQuery, values: SqlValue[] = []): Promise<Answer> => {
    if (!isReady) await getReady();
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
