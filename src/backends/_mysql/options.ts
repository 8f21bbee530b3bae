import { type Duration, secondsOf } from "../../duration.ts";
import { ConfigError } from "../../errors.ts";
import { refuseUnknown } from "../../option-names.ts";
import { refuseOther } from "../_kind.ts";
import type { MysqlCallbackLike, MysqlLike } from "./like.ts";

/** Options of `MysqlSessionBackend`. */
export interface MysqlOptions {
  /** Name of the table: letters, digits and `_`; default "sessions". Also "database.table". */
  readonly table?: string | undefined;
  /** Whether to create the table at the first use if it is missing; default true. See `mysqlSchema`. */
  readonly createTable?: boolean | undefined;
  /** About how much time passes between two searches for expired records; default 300 s. With 0, only `prune` deletes them. */
  readonly pruneInterval?: Duration | undefined;
}

/** The names of what is in the database, quoted for SQL. */
export interface Names {
  /** As the option was given, for messages. */
  readonly given: string;
  readonly table: string;
}

interface Settings {
  readonly client: MysqlLike;
  readonly names: Names;
  readonly createTable: boolean;
  readonly pruneInterval: number;
}

/** Returns the client with promises, and the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(client: MysqlLike | MysqlCallbackLike, options: MysqlOptions): Settings {
  refuseUnknown(options, ["table", "createTable", "pruneInterval"]);
  const { table = "sessions", createTable = true } = options;
  const wanted = "MysqlSessionBackend takes a pool of mysql2 or of mariadb";
  refuseOther(client, ["a pool of mysql2 or mariadb"], wanted);
  const { execute, promise } = Object(client) as { execute?: unknown; promise?: unknown };
  if (typeof execute !== "function") throw new ConfigError("backend", wanted);
  const pruneInterval = secondsOf("pruneInterval", options.pruneInterval, 300, 0);
  return {
    client: typeof promise === "function" ? (client as MysqlCallbackLike).promise() : (client as MysqlLike),
    names: namesOf(table),
    createTable,
    pruneInterval,
  };
}

/** Throws ConfigError `table` if `given` is not a valid name. */
export function namesOf(given: string): Names {
  const parts = /^(?:([\w$-]{1,64})\.)?([a-z_]\w{0,63})$/i.exec(given);
  if (parts === null) {
    const rule = "letters, digits and _, at most 64, with or without a database and a dot before it";
    throw new ConfigError("table", `"${given}" is not a name of ${rule}`);
  }
  const [, database, name] = parts;
  const prefix = database === undefined ? "" : `\`${database}\`.`;
  return { given, table: `${prefix}\`${name}\`` };
}
