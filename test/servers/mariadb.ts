import { randomBytes } from "node:crypto";
import { createConnection } from "mysql2/promise";
import { systemUser } from "./home.ts";
import { type Server, startServer } from "./server.ts";

export interface MariadbServer extends Server {
  /** As the user micropie, who may do everything in the database micropie: mysql://micropie:micropie@127.0.0.1:port/micropie */
  readonly url: string;
  /** The same database, as a user who may do everything. */
  readonly adminUrl: string;
}

/**
 * Starts a MariaDB. It does not wait for the disk, so a power cut would lose data, but `kill()` does not.
 * `settings` are lines of my.cnf, by name.
 */
export async function startMariadb(settings: Record<string, string> = {}): Promise<MariadbServer> {
  const password = randomBytes(16).toString("hex");
  const all = {
    "max-connections": "200",
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "16M",
    "skip-name-resolve": "ON",
    ...settings,
  };
  let admin = "root:micropie";
  const server = await startServer({
    wanted: "mariadb",
    user: () => systemUser("mysql", "nobody"),
    async prepare(home, [, install]) {
      admin = `root:${password}`;
      const options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
      const make = (): Promise<unknown> =>
        home.run(install!, ["--no-defaults", `--datadir=${home.folder}/data`, ...options]);
      // On a busy machine it sometimes ends with 1, and no word of why. It may be run again.
      await make().catch(make);
      home.write(
        "init.sql",
        [
          `CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '${password}';`,
          "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;",
          "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> '127.0.0.1';",
          "FLUSH PRIVILEGES;",
          "CREATE DATABASE IF NOT EXISTS micropie CHARACTER SET utf8mb4;",
          "CREATE OR REPLACE USER micropie@'%' IDENTIFIED BY 'micropie';",
          "GRANT ALL ON micropie.* TO micropie@'%';",
        ].join("\n"),
      );
    },
    args: (port, { folder }) => [
      "--no-defaults",
      `--port=${port}`,
      `--datadir=${folder}/data`,
      `--socket=${folder}/socket`,
      `--pid-file=${folder}/pid`,
      `--init-file=${folder}/init.sql`,
      "--bind-address=127.0.0.1",
    ],
    options: Object.entries(all).map(([name, value]) => `--${name}=${value}`),
    async ready(port) {
      // Nobody else's server would take our password, so this one is ours.
      await query(`mysql://${admin}@127.0.0.1:${port}/micropie`, "SELECT 1");
      await query(`mysql://micropie:micropie@127.0.0.1:${port}/micropie`, "SELECT 1");
    },
  });
  return Object.assign(server, {
    url: `mysql://micropie:micropie@127.0.0.1:${server.port}/micropie`,
    adminUrl: `mysql://${admin}@127.0.0.1:${server.port}/micropie`,
  });
}

/** Asks one thing over a connection of its own. */
export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 5000 });
  connection.on("error", () => {});
  try {
    const [rows] = await connection.query(sql);
    return rows as Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
}
