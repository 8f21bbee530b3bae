import { type Environment, sleep } from "../../environment.ts";
import type { SqlValue } from "../_sql/row.ts";
import { shared } from "../_sql/shared.ts";
import { isMissingTable, isUndone } from "./error.ts";
import type { MysqlLike, MysqlQuery } from "./like.ts";

/** The answer to a statement that writes. */
export interface Written {
  /** How many rows it changed or, with the usual settings of a connection, found, even if that changed nothing. */
  readonly affectedRows: number;
  readonly insertId: number | bigint;
}

/** The user's client. */
export interface Database {
  /** Runs a statement that returns rows. */
  rows<Row>(statement: MysqlQuery, values?: SqlValue[]): Promise<readonly Row[]>;
  /** Runs a statement that writes: all of it or nothing. */
  write(statement: MysqlQuery, values?: SqlValue[]): Promise<Written>;
}

/** Options of mysql2 and of mariadb that decide the shape of an answer, whatever the client's own options are. */
const SHAPE = { rowsAsArray: false, metaAsArray: true, nestTables: false, namedPlaceholders: false };

/** Returns a statement. Its text is always the same, because drivers find prepared statements by it. */
export function query(sql: string): MysqlQuery {
  return Object.freeze({ ...SHAPE, sql: sql.replace(/\s+/g, " ").trim() });
}

const ATTEMPTS = 10;

/** Returns whether each statement has a transaction of its own; on a single connection its owner may have one open. */
export function isPool(client: MysqlLike): boolean {
  return "getConnection" in client;
}

/**
 * Returns the client as a database. A statement that lost a deadlock is tried again. `prepare` runs before the first use,
 * and again if it has failed or the table is gone.
 */
export function openDatabase(
  owner: { readonly environment: Environment },
  client: MysqlLike,
  prepare?: () => Promise<void>,
): Database {
  // Not on a single connection: there, a deadlock rolls back the whole transaction that its owner may have open.
  const attempts = isPool(client) ? ATTEMPTS : 1;
  let isReady = prepare === undefined;
  const getReady = shared(owner, async () => {
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
      await sleep(owner.environment, owner.environment.random() * 0.01 * attempt);
    }
  };
  return { rows: run, write: run };
}
