import { startPostgres } from "../../test/servers/postgres.ts";
import { startRedis } from "../../test/servers/redis.ts";

/** The stores, and how a server of each is started. */
export const SERVERS = {
  redis: () => startRedis({ appendonly: "no", save: "" }),
  postgres: () => startPostgres({ shared_buffers: "1GB" }),
};

/** Opens a back-end with a client of its own. */
export async function openStore(name, url) {
  if (name === "redis") {
    const { createClient } = await import("redis");
    const { RedisSessionBackend } = await import("micropie/backends/redis");
    const client = await createClient({ url }).connect();
    return { backend: new RedisSessionBackend(client), close: () => client.destroy() };
  }
  const { default: pg } = await import("pg");
  const { PostgresSessionBackend } = await import("micropie/backends/postgres");
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on("error", () => {}); // of a connection that was not in use when the server ended
  return { backend: new PostgresSessionBackend(pool), close: () => pool.end() };
}
