import { type Duration, secondsOf } from "../../duration.ts";
import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";
import { refuseOther } from "../_kind.ts";
import type { PostgresLike } from "./like.ts";

/** Options of `PostgresSessionBackend`. */
export interface PostgresOptions {
  /** Name of the table: letters, digits and `_`, as written; default "sessions". Also "schema.table". */
  readonly table?: string | undefined;
  /** Whether to create the table at the first use if it is missing; default true. See `postgresSchema`. */
  readonly createTable?: boolean | undefined;
  /** Whether to prepare statements; default true. Use false with poolers that give each transaction another connection. */
  readonly prepare?: boolean | undefined;
  /**
   * Whether to open a connection of its own, while sessions are watched, on which the database tells of ends; else they are asked
   * for about once a second. Default: what `prepare` is, because nothing is told through such a pooler.
   */
  readonly listen?: boolean | undefined;
  /** About how much time passes between two searches for expired records; default 300 s. With 0, only `prune` deletes them. */
  readonly pruneInterval?: Duration | undefined;
}

/** The names of what is in the database, quoted for SQL. */
export interface Names {
  /** As the option was given, for messages. */
  readonly given: string;
  readonly table: string;
  /** The name of the advisory lock. */
  readonly lock: string;
  /** On which ends are told. Without the schema, as the lock. */
  readonly channel: string;
  readonly userIndex: string;
  readonly pruneIndex: string;
}

type Settings = Resolved<Omit<PostgresOptions, "table">> & { readonly names: Names };

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(client: PostgresLike, options: PostgresOptions): Settings {
  refuseUnknown(options, ["table", "createTable", "prepare", "listen", "pruneInterval"]);
  const { table = "sessions", createTable = true, prepare = true, listen = prepare } = options;
  const wanted = "PostgresSessionBackend takes a Pool of pg or the sql of postgres";
  refuseOther(client, ["a Pool of pg", "the sql of postgres"], wanted);
  const { query, unsafe } = Object(client) as { query?: unknown; unsafe?: unknown };
  if (typeof query !== "function" && typeof unsafe !== "function") {
    throw new ConfigError("backend", wanted);
  }
  const pruneInterval = secondsOf("pruneInterval", options.pruneInterval, 300, 0);
  return { names: namesOf(table), createTable, prepare, listen, pruneInterval };
}

/** Throws ConfigError `table` if `given` is not a valid name. */
export function namesOf(given: string): Names {
  // PostgreSQL truncates names to 63 bytes; the longest of ours adds 11.
  const parts = /^(?:([a-z_][a-z0-9_]{0,62})\.)?([a-z_][a-z0-9_]{0,49})$/i.exec(given);
  if (parts === null) {
    const rule = "letters, digits and _, at most 50, or two of them with a dot between";
    throw new ConfigError("table", `"${given}" is not a name of ${rule}`);
  }
  const [, schema, name] = parts;
  const prefix = schema === undefined ? "" : `"${schema}".`;
  return {
    given,
    table: `${prefix}"${name}"`,
    // Without the schema, because one process may rely on the search path where another names it.
    lock: `micropie_${name}`,
    channel: `micropie_${name}`,
    userIndex: `"${name}_user_id"`,
    pruneIndex: `"${name}_prune_slot"`,
  };
}
