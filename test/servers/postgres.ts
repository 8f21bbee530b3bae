import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import pg from "pg";
import { systemUser } from "./home.ts";
import { type Server, startServer } from "./server.ts";

export interface PostgresServer extends Server {
  /** As the role micropie, which owns the database micropie: postgres://micropie:micropie@127.0.0.1:port/micropie */
  readonly url: string;
  /** The same database, as a superuser. */
  readonly adminUrl: string;
}

/**
 * Starts a PostgreSQL. It does not wait for the disk, so a power cut would lose data, but `kill()` does not.
 * `settings` are lines of postgresql.conf, by name.
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const password = randomBytes(16).toString("hex");
  const all = {
    dynamic_shared_memory_type: "mmap",
    max_connections: "200",
    fsync: "off",
    full_page_writes: "off",
    ...settings,
  };
  let admin = "micropie:micropie";
  const server = await startServer({
    wanted: "postgres",
    user: () => systemUser("postgres", "nobody"),
    end: "SIGINT",
    async prepare(home, [, initdb]) {
      admin = `postgres:${password}`;
      const file = home.write("password", password);
      const options = [
        "--auth=scram-sha-256",
        `--pwfile=${file}`,
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
      ];
      await home.run(initdb!, ["--pgdata", `${home.folder}/data`, "--username=postgres", ...options]);
    },
    args: (port, { folder }) => [
      ...["-D", `${folder}/data`, "-p", String(port)],
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
    ],
    options: Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    async ready(port) {
      // Nobody else's server would take this password, so what answers is ours.
      await make(`postgres://${admin}@127.0.0.1:${port}`);
    },
    cleanUp({ folder }) {
      // One that was killed leaves a page of shared memory behind, and its number on the last line but one.
      try {
        const number = readFileSync(`${folder}/data/postmaster.pid`, "utf8")
          .split("\n")[6]
          ?.trim()
          .split(/\s+/)[1];
        if (number !== undefined) execFileSync("ipcrm", ["-m", number], { stdio: "ignore" });
      } catch {
        // It ended orderly.
      }
    },
  });
  return Object.assign(server, {
    url: `postgres://micropie:micropie@127.0.0.1:${server.port}/micropie`,
    adminUrl: `postgres://${admin}@127.0.0.1:${server.port}/micropie`,
  });
}

/** Makes the role and its database, if they are not there: in Docker they are. */
async function make(server: string): Promise<void> {
  const there = await query(`${server}/postgres`, "SELECT 1 FROM pg_database WHERE datname = 'micropie'");
  if (there.length > 0) return;
  await query(`${server}/postgres`, "DROP ROLE IF EXISTS micropie");
  await query(`${server}/postgres`, "CREATE ROLE micropie LOGIN PASSWORD 'micropie'");
  await query(`${server}/postgres`, "CREATE DATABASE micropie OWNER micropie");
}

/** Asks one thing over a connection of its own. */
export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}
