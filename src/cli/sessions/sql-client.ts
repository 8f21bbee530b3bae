import type { MysqlLike } from "../../backends/mysql.ts";
import type { PostgresLike } from "../../backends/postgres.ts";
import { loadClient } from "./client.ts";
import type { StoreUrl } from "./store-url.ts";

const MILLISECONDS = 5000;

/** A client, and what closes it. */
export interface OpenedSql<Client> {
  readonly client: Client;
  close(): Promise<unknown>;
}

/** Opens PostgreSQL with the client of the user's project. */
export function openPostgres({ href }: StoreUrl): OpenedSql<PostgresLike> {
  const { name, module } = loadClient<unknown>(["pg", "postgres"], "PostgreSQL");
  if (name === "pg") {
    const { Pool } = module as {
      Pool: new (
        options: object,
      ) => PostgresLike & { on(event: "error", listener: () => void): unknown; end(): Promise<unknown> };
    };
    const client = new Pool({ connectionString: href, connectionTimeoutMillis: MILLISECONDS, max: 2 });
    client.on("error", () => {});
    return { client, close: () => client.end() };
  }
  const sql = module as (
    url: string,
    options: object,
  ) => PostgresLike & { end(options: object): Promise<unknown> };
  const client = sql(href, { connect_timeout: MILLISECONDS / 1000, max: 2, onnotice: () => {} });
  return { client, close: () => client.end({ timeout: 1 }) };
}

/** Opens MySQL or MariaDB with the client of the user's project. */
export function openMysql({ href }: StoreUrl): OpenedSql<MysqlLike> {
  const { name, module } = loadClient<unknown>(["mysql2/promise", "mariadb"], "MySQL");
  const { createPool } = module as {
    createPool(options: object | string): MysqlLike & { end(): Promise<unknown> };
  };
  const client =
    name === "mariadb"
      ? createPool(mariadbUrl(href))
      : createPool({
          uri: href.replace(/^mariadb:/i, "mysql:"),
          connectTimeout: MILLISECONDS,
          connectionLimit: 2,
        });
  return { client, close: () => client.end() };
}

function mariadbUrl(href: string): string {
  const options = `connectTimeout=${MILLISECONDS}&acquireTimeout=${MILLISECONDS}&connectionLimit=2`;
  return `${href.replace(/^mysql:/i, "mariadb:")}${href.includes("?") ? "&" : "?"}${options}`;
}
