import { randomBytes } from "node:crypto";
import { createPool as createMariadbPool, type PoolConfig } from "mariadb";
import type { MysqlLike } from "micropie/backends/_mysql/like";
import type { MysqlSessionBackend } from "micropie/backends/mysql";
import { createPool, type Pool, type PoolOptions } from "mysql2/promise";

/** A pool of either client. */
export interface AnyPool {
  readonly client: ConstructorParameters<typeof MysqlSessionBackend>[0];
  end(): Promise<void>;
}

/** A name for a table that nobody else has. */
export function newTable(): string {
  return `t_${randomBytes(8).toString("hex")}`;
}

export async function dropTable(pool: Pool, table: string): Promise<void> {
  await pool.query(`DROP TABLE IF EXISTS ${table}`);
}

/** Makes everything in the table so many seconds older. */
export async function age(pool: Pool, table: string, seconds: number): Promise<void> {
  const columns = ["expires_at", "absolute_expires_at", "previous_until", "locked_until"];
  const older = columns.map((column) => `${column} = IF(${column} = 0, 0, ${column} - ${seconds})`);
  await pool.query(`UPDATE ${table} SET ${older.join(", ")}`);
}

/** A pool of mysql2, each of whose connections begins with this statement. */
export function mysql2(url: string, options: PoolOptions = {}, begin?: string): AnyPool & { client: Pool } {
  const client = createPool({ uri: url, ...options });
  if (begin !== undefined) client.on("connection", (connection) => void connection.query(begin));
  return { client, end: () => client.end() };
}

/** The same of mariadb. */
export function mariadb(url: string, options: PoolConfig = {}, begin?: string): AnyPool {
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  const address = { host, port: Number(port), user, password, database: pathname.slice(1) };
  const initSql = begin === undefined ? {} : { initSql: begin };
  const client = createMariadbPool({ ...address, connectionLimit: 10, ...initSql, ...options });
  return { client, end: () => client.end() };
}

/** Holds one of the pool's connections for a tenth of a second; returns its number. */
export async function connectionId({ client }: AnyPool): Promise<string> {
  const sql = "SELECT CAST(CONNECTION_ID() AS CHAR) AS id, SLEEP(0.1)";
  // mysql2 answers rows and columns, mariadb rows.
  const { execute } = client as MysqlLike;
  const answer = await execute.call(client, { sql, rowsAsArray: false }, []);
  const [first] = answer as [{ id: string } | { id: string }[]];
  const row = Array.isArray(first) ? first[0] : first;
  if (row === undefined) throw new Error("no row");
  return row.id;
}

/** Fulfilled when a statement about this table waits for a lock, with the number of its connection. */
export async function untilWaiting(admin: Pool, table: string): Promise<number> {
  for (;;) {
    // Within a tenth of a second of the last question, whoever asked it, InnoDB answers the same again.
    await new Promise((resolve) => setTimeout(resolve, 120));
    const [rows] = await admin.query(
      `SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx
        WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE ?`,
      [`%${table}%`],
    );
    const [waiting] = rows as { id: number }[];
    if (waiting !== undefined) return waiting.id;
  }
}
