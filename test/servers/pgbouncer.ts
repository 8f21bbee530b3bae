import { randomBytes } from "node:crypto";
import { systemUser } from "./home.ts";
import { query } from "./postgres.ts";
import { type Server, startServer } from "./server.ts";

export interface PgBouncer extends Server {
  /** Through the pooler: postgres://micropie:micropie@127.0.0.1:port/micropie */
  readonly url: string;
  /** The pooler's own console: SHOW POOLS, PAUSE, ... */
  readonly adminUrl: string;
}

/**
 * Starts a pooler in front of a PostgreSQL of `startPostgres`, which gives a client a connection for one transaction at
 * a time. `settings` are lines of the section [pgbouncer], by name.
 */
export async function startPgBouncer(
  postgres: { readonly url: string },
  settings: Record<string, string> = {},
): Promise<PgBouncer> {
  const { hostname, port: postgresPort, username, password } = new URL(postgres.url);
  const secret = randomBytes(16).toString("hex");
  const server = await startServer({
    wanted: "pgbouncer",
    user: () => systemUser("postgres", "nobody"),
    args(port, home) {
      const users = home.write("users.txt", `"${username}" "${password}"\n"pooler" "${secret}"\n`);
      const all = {
        listen_addr: "127.0.0.1",
        listen_port: String(port),
        unix_socket_dir: "",
        auth_type: "scram-sha-256",
        auth_file: users,
        admin_users: "pooler",
        pool_mode: "transaction",
        max_client_conn: "500",
        default_pool_size: "20",
        ...settings,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
      const database = `micropie = host=${hostname} port=${postgresPort} dbname=micropie\n`;
      return [home.write("pgbouncer.ini", `[databases]\n${database}[pgbouncer]\n${lines.join("")}`)];
    },
    async ready(port) {
      await query(`postgres://pooler:${secret}@127.0.0.1:${port}/pgbouncer`, "SHOW VERSION");
      await query(`postgres://${username}:${password}@127.0.0.1:${port}/micropie`, "SELECT 1");
    },
  });
  return Object.assign(server, {
    url: `postgres://${username}:${password}@127.0.0.1:${server.port}/micropie`,
    adminUrl: `postgres://pooler:${secret}@127.0.0.1:${server.port}/pgbouncer`,
  });
}
