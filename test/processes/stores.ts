import type { SessionBackend } from "micropie/backends/backend";

/** Where several processes keep their sessions: what a process needs to open the same store as the others. */
export type StoreSpec = {
  /** Seconds after which the client gives up a silent connection, where it can. Default: more than a busy machine needs. */
  readonly silence?: number;
} & (
  | { readonly kind: "sqlite" | "cas"; readonly path: string }
  | { readonly kind: "redis"; readonly url: string; readonly prefix: string }
  | {
      readonly kind: "redis-cluster";
      readonly nodes: readonly { host: string; port: number }[];
      readonly prefix: string;
    }
  | { readonly kind: "memcached"; readonly host: string; readonly port: number; readonly prefix: string }
  | { readonly kind: "postgres" | "mysql"; readonly url: string; readonly table: string }
);

export interface OpenStore {
  readonly backend: SessionBackend;
  /** Closes the client; the back-end has been closed before. */
  close(): Promise<void>;
}

/** Opens the store with the settings that the docs recommend; only the client that is asked for is loaded. */
export async function openStore(spec: StoreSpec): Promise<OpenStore> {
  const milliseconds = (spec.silence ?? 100) * 1000;
  switch (spec.kind) {
    case "sqlite": {
      const { SqliteSessionBackend } = await import("../../src/backends/sqlite.ts");
      return { backend: new SqliteSessionBackend(spec.path), close: async () => {} };
    }
    case "cas": {
      const { TableBackend } = await import("../../examples/cas-backend.ts");
      return { backend: new TableBackend(spec.path), close: async () => {} };
    }
    case "redis": {
      const { createClient } = await import("redis");
      const { RedisSessionBackend } = await import("../../src/backends/redis.ts");
      const client = createClient({
        url: spec.url,
        pingInterval: 1000,
        socket: {
          reconnectStrategy: (retries) => Math.min(retries * 50, 500),
          connectTimeout: milliseconds,
          socketTimeout: milliseconds,
        },
      });
      client.on("error", () => {});
      await client.connect();
      const backend = new RedisSessionBackend(client, { prefix: spec.prefix });
      return { backend, close: async () => client.destroy() };
    }
    case "redis-cluster": {
      const { Cluster } = await import("ioredis");
      const { RedisSessionBackend } = await import("../../src/backends/redis.ts");
      const client = new Cluster([...spec.nodes]);
      client.on("error", () => {});
      return {
        backend: new RedisSessionBackend(client, { prefix: spec.prefix }),
        close: async () => client.disconnect(),
      };
    }
    case "memcached": {
      const { MemcachedSessionBackend } = await import("../../src/backends/memcached.ts");
      return {
        backend: new MemcachedSessionBackend(
          { host: spec.host, port: spec.port },
          { prefix: spec.prefix, timeout: milliseconds / 1000 },
        ),
        close: async () => {},
      };
    }
    case "postgres": {
      const { default: pg } = await import("pg");
      const { PostgresSessionBackend } = await import("../../src/backends/postgres.ts");
      const limits = { connectionTimeoutMillis: milliseconds, query_timeout: milliseconds };
      const pool = new pg.Pool({ connectionString: spec.url, max: 6, ...limits });
      pool.on("error", () => {});
      return {
        backend: new PostgresSessionBackend(pool, { table: spec.table }),
        close: () => pool.end(),
      };
    }
    case "mysql": {
      const { createPool } = await import("mysql2/promise");
      const { MysqlSessionBackend } = await import("../../src/backends/mysql.ts");
      const pool = createPool({ uri: spec.url, connectionLimit: 6 });
      return { backend: new MysqlSessionBackend(pool, { table: spec.table }), close: () => pool.end() };
    }
  }
}
