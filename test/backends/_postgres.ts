import { randomBytes } from "node:crypto";
import type { PostgresLike, PostgresOptions } from "micropie/backends/postgres";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import pg from "pg";
import postgres from "postgres";

/** One of the two clients, in the few forms that the tests need. */
export interface Opened {
  readonly client: PostgresLike;
  /** Runs SQL on it, as the application that owns it might. */
  query(text: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

/** A Pool of pg. What idle connections report is heard and let go, as the docs say that an application should. */
export function openPool(url: string, config: pg.PoolConfig = {}): Opened & { readonly client: pg.Pool } {
  const client = new pg.Pool({ connectionString: url, ...config });
  client.on("error", () => {});
  return {
    client,
    query: async (text) => [await client.query(text)].flat().at(-1)!.rows as Record<string, unknown>[],
    end: () => client.end(),
  };
}

export function openPostgresJs(
  url: string,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): Opened & { readonly client: postgres.Sql } {
  const client = postgres(url, options);
  return { client, query: (text) => client.unsafe(text), end: () => client.end({ timeout: 1 }) };
}

export const OPENERS: Record<"pg" | "postgres", (url: string, options?: { max?: number }) => Opened> = {
  pg: openPool,
  postgres: openPostgresJs,
};

/** A name that no other test uses. */
export function newTable(): string {
  return `t_${randomBytes(6).toString("hex")}`;
}

/** A back-end on a table of its own, and what the test does to that from outside. */
export interface Case {
  readonly table: string;
  readonly backend: PostgresSessionBackend;
  /** Makes all that is stored so many seconds older. */
  advance(seconds: number): Promise<void>;
  /** Removes the table. */
  drop(): Promise<void>;
}

export function newCase({ client, query }: Opened, options: PostgresOptions = {}): Case {
  const table = options.table ?? newTable();
  const backend = new PostgresSessionBackend(client, { ...options, table });
  return {
    table,
    backend,
    async advance(seconds) {
      await query(`UPDATE ${table} SET expires_at = expires_at - ${seconds},
        absolute_expires_at = absolute_expires_at - ${seconds}, locked_until = locked_until - ${seconds},
        previous_until = CASE WHEN previous_until = 0 THEN 0 ELSE previous_until - ${seconds} END`);
    },
    async drop() {
      backend.close();
      await query(dropping(table));
    },
  };
}

export function dropping(table: string): string {
  return `SET client_min_messages = warning; DROP TABLE IF EXISTS ${table}; RESET client_min_messages`;
}
